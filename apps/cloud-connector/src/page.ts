/** What a browser sees: what this is and where the API is. Also the answer to an expired session (guide L31641). */
export const startPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Landbridge Cloud Connector</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:42rem;padding:0 1rem;color:#1d2d3e}
code{background:#eef1f5;padding:.1rem .3rem;border-radius:.2rem}</style></head>
<body>
<h1>Landbridge Cloud Connector</h1>
<p>This is the on-premise agent of a hybrid connectivity platform. It is administered by its REST API below
<code>/api/v1/configuration</code> with HTTP Basic authentication.</p>
<p>Please log in. For example:</p>
<p><code>curl --cacert connector-ca.pem --user Administrator https://localhost:8443/api/v1/connector/version</code></p>
<p>The certificate of its authority, <code>connector-ca.pem</code>, is in its data directory.</p>
</body>
</html>
`
