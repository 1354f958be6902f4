import { createHash } from 'node:crypto'
import { escapeHtml } from '@landbridge/http-api'
import type { WebAnswer } from '../web.ts'

const style = `
:root{color-scheme:light dark;--page:#f5f6f7;--card:#fff;--text:#131e29;--label:#556b82;--line:#556b81;--brand:#0070f2;
--brand-hover:#0064d9;--bad:#aa0808;--bad-page:#ffeaf4}
@media (prefers-color-scheme:dark){:root{--page:#12171c;--card:#1d232a;--text:#eaecee;--label:#a9b4be;--line:#8396a8;
--brand:#4db1ff;--brand-hover:#89d1ff;--bad:#ff8888;--bad-page:#3a1a20}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--page);color:var(--text);
font:1rem/1.5 "72",system-ui,-apple-system,"Segoe UI",Arial,sans-serif}
main{width:100%;max-width:24rem;padding:2rem;background:var(--card);border-radius:.75rem;box-shadow:0 0 .125rem #556b8252,0 .5rem 1rem #556b8229}
h1{margin:0 0 .25rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1.25rem;color:var(--label)}
label{display:block;margin:1rem 0 .25rem;font-size:.875rem;color:var(--label)}
input{width:100%;height:2.5rem;padding:0 .75rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.25rem}
input:focus-visible,button:focus-visible{outline:2px solid var(--brand);outline-offset:2px}
button{width:100%;height:2.5rem;margin-top:1.5rem;font:inherit;font-weight:600;color:var(--card);background:var(--brand);border:0;border-radius:.5rem;cursor:pointer}
button:hover{background:var(--brand-hover)}
code{display:block;margin:0 0 1.25rem;padding:.75rem 1rem;font:1rem/1.5 ui-monospace,Consolas,monospace;overflow-wrap:anywhere;user-select:all;border:1px solid var(--line);border-radius:.25rem}
code.line{display:inline;margin:0;padding:0 .125rem;border:0;color:var(--text)}
a{color:var(--brand)}
nav{display:flex;gap:1.5rem}
[role=alert]{padding:.75rem 1rem;color:var(--bad);background:var(--bad-page);border-radius:.5rem}
`

const headers = {
  'content-type': 'text/html; charset=utf-8',
  // No "form-action": browsers apply it to the redirect after the login as well, which leads to the application.
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
}

/** Pages that a login can lead to. */
export type OwnPage = 'passcode'

export interface LoginForm {
  readonly token: string
  /** The query of the request that waits for the login, without "?". */
  readonly query: string
  /** The page of ours that waits for the login, when no application does. */
  readonly next?: OwnPage
  readonly userName: string
  readonly tenantName: string
  /** What went wrong before; '' at first sight. */
  readonly problem: string
}

/** The login form: works without script, by keyboard and with a screen reader, in light and dark. */
export function loginPage(form: LoginForm, status: number, cookie: string): WebAnswer {
  const alert = form.problem === '' ? '' : `<p role="alert">${escapeHtml(form.problem)}</p>`
  const focusName = form.userName === '' ? ' autofocus' : ''
  const focusPassword = form.userName === '' ? '' : ' autofocus'
  const body = `<h1>Log on</h1>
<p>Subaccount ${escapeHtml(form.tenantName)}</p>
${alert}
<form method="post" action="/login">
<input type="hidden" name="form_token" value="${escapeHtml(form.token)}">
<input type="hidden" name="query" value="${escapeHtml(form.query)}">
<input type="hidden" name="next" value="${form.next ?? ''}">
<label for="username">User name or e-mail</label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${escapeHtml(form.userName)}"${focusName}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${focusPassword}>
<button type="submit">Log on</button>
</form>`
  return { status, headers: { ...headers, 'set-cookie': cookie }, body: frame('Log on', body) }
}

/** A page that only says something. */
export function messagePage(
  message: { readonly title: string; readonly text: string },
  status: number,
  cookie?: string,
): WebAnswer {
  const body = `<h1>${escapeHtml(message.title)}</h1>\n<p role="status">${escapeHtml(message.text)}</p>`
  return {
    status,
    headers: cookie === undefined ? headers : { ...headers, 'set-cookie': cookie },
    body: frame(message.title, body),
  }
}

export interface ShownPasscode {
  readonly text: string
  /** What a connector takes as user name with it. */
  readonly userName: string
  readonly holder: string
  readonly tenantName: string
  readonly expiresAtMs: number
  readonly lifetimeSeconds: number
  /** The query that leads to this page again, without "?". */
  readonly query: string
}

/** A code to copy: one click selects all of it. */
export function passcodePage(shown: ShownPasscode): WebAnswer {
  const until = new Date(shown.expiresAtMs).toISOString().slice(11, 19)
  const body = `<h1>Passcode</h1>
<p>${escapeHtml(shown.holder)}, subaccount ${escapeHtml(shown.tenantName)}</p>
<p id="use">In the Cloud Connector enter <code class="line">${escapeHtml(shown.userName)}</code> as the user name and this code as the password:</p>
<code id="passcode" tabindex="0" aria-labelledby="use">${escapeHtml(shown.text)}</code>
<p>It works once, until ${until} UTC (${Math.round(shown.lifetimeSeconds / 60) || 1} min). Give it to nobody: it stands for your password.</p>
<nav><a href="/passcode${shown.query === '' ? '' : `?${escapeHtml(shown.query)}`}">New code</a><a href="/logout.do">Log off</a></nav>`
  return { status: 200, headers, body: frame('Passcode', body) }
}

/** Asks for the subaccount where the address names none. */
export function subaccountPage(problem: string, status: number): WebAnswer {
  const alert = problem === '' ? '' : `<p role="alert">${escapeHtml(problem)}</p>\n`
  const body = `<h1>Passcode</h1>
<p>For which subaccount?</p>
${alert}<form method="get" action="/passcode">
<label for="subaccount">Subdomain or ID of the subaccount</label>
<input id="subaccount" name="subaccount" type="text" autocapitalize="none" spellcheck="false" maxlength="100" required autofocus>
<button type="submit">Continue</button>
</form>`
  return { status, headers, body: frame('Passcode', body) }
}

function frame(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – Landbridge</title>
<style>${style}</style></head>
<body><main>
${body}
</main></body>
</html>
`
}
