/** Colours and shapes of the pages of the token service, in the width of a document. */
export const style = `
:root{color-scheme:light dark;--page:#f5f6f7;--card:#fff;--text:#131e29;--label:#556b82;--line:#556b8152;--brand:#0064d9}
@media (prefers-color-scheme:dark){:root{--page:#12171c;--card:#1d232a;--text:#eaecee;--label:#a9b4be;--line:#8396a852;--brand:#4db1ff}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;padding:1rem;background:var(--page);color:var(--text);font:1rem/1.5 "72",system-ui,-apple-system,"Segoe UI",Arial,sans-serif}
main{max-width:64rem;margin:0 auto}
h1{margin:1rem 0 .25rem;font-size:1.5rem;line-height:1.25}
h2{margin:2rem 0 .75rem;font-size:1.25rem}
h3{margin:1.25rem 0 .5rem;font-size:1rem}
p{margin:0 0 .75rem;color:var(--label)}
a{color:var(--brand)}
nav{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem}
code,pre{font:.875rem/1.5 ui-monospace,Consolas,monospace}
details{margin:0 0 .5rem;padding:0 1rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
details[open]{padding-bottom:1rem}
summary{padding:.625rem 0;cursor:pointer;overflow-wrap:anywhere}
summary b{display:inline-block;min-width:4rem;color:var(--brand)}
summary span{color:var(--label)}
pre{margin:0 0 .75rem;padding:.75rem 1rem;overflow:auto;border:1px solid var(--line);border-radius:.25rem}
pre.command{white-space:pre-wrap;overflow-wrap:anywhere;user-select:all}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.875rem}
th,td{padding:.375rem .75rem .375rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
:focus-visible{outline:2px solid var(--brand);outline-offset:2px}
`
