/** A page that shows the OpenAPI document and calls its GET routes; it loads nothing from elsewhere. */
export const documentationPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MXD node API</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
details{border:1px solid #8886;border-radius:.5rem;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}code,pre,input{font-family:ui-monospace,monospace}
pre{overflow:auto;max-height:24rem;background:#8882;padding:.5rem;border-radius:.25rem}
.m{font-weight:700;display:inline-block;min-width:3.5rem}
label{display:block;margin:.25rem 0}input{width:100%;max-width:40rem;padding:.25rem}
</style></head><body>
<h1>MXD node API</h1><p id="about"></p>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a></p><main id="routes"></main>
<script type="module">
const doc = await (await fetch('/openapi.json')).json();
document.getElementById('about').textContent = doc.info.description;
const main = document.getElementById('routes');
const add = (to, tag, text, cls) => { const e = document.createElement(tag); if (text) e.textContent = text; if (cls) e.className = cls; to.append(e); return e; };
for (const [path, methods] of Object.entries(doc.paths)) for (const [method, op] of Object.entries(methods)) {
  const box = add(main, 'details'); const head = add(box, 'summary');
  add(head, 'span', method.toUpperCase(), 'm'); add(head, 'code', path); add(head, 'span', ' ' + op.summary);
  const inputs = (op.parameters ?? []).map((p) => { const l = add(box, 'label', p.name + ' (' + p.in + (p.required ? ', required' : '') + ')'); const i = add(l, 'input'); i.setAttribute('aria-label', p.name); return [p, i]; });
  if (method === 'get' && !path.endsWith('/events') && !path.endsWith('/stream')) {
    const go = add(box, 'button', 'Send'); const out = add(box, 'pre');
    go.onclick = async () => {
      let url = path; const query = new URLSearchParams();
      for (const [p, i] of inputs) { if (p.in === 'path') url = url.replace('{' + p.name + '}', encodeURIComponent(i.value)); else if (i.value) query.set(p.name, i.value); }
      const r = await fetch(url + (query.size ? '?' + query : ''));
      out.textContent = r.status + ' ' + JSON.stringify(await r.json(), null, 2);
    };
  }
  for (const [status, r] of Object.entries(op.responses)) { add(box, 'p', status + ': ' + r.description); const s = r.content?.['application/json']?.schema; if (s) add(box, 'pre', JSON.stringify(s, null, 2)); }
}
</script></body></html>
`;
