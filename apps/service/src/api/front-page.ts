import { createHash } from "node:crypto";

const style = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: CanvasText; background: Canvas; }
:root { color-scheme: light dark; }
pre { padding: .75rem 1rem; border: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); border-radius: .5rem; overflow-x: auto; }
`;

/** What a browser shows at `/`: honest, static, without scripts. `domain` and `url` are checked host names. */
export function frontPage(domain: string, url: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Bulla service ${domain}</title>
<style>${style}</style>
<h1>This is a Bulla service</h1>
<p>It stores and moves sealed bytes for people whose handles end in <code>@${domain}</code>. It holds no key that opens them.</p>
<h2>What it can see</h2>
<ul>
<li>names of its accounts, their devices' public keys, and the UTC day that each statement claims</li>
<li>how many KeyPackages a device has left, and how many sealed envelopes wait in its inbox</li>
<li>how many records a stream holds, their sizes (1, 4 or 16 KiB) and the day on which they expire</li>
<li>sizes and hashes of sealed chunks, and the day until which each is kept</li>
<li>how much each account asked to use, in bytes times days, streams and envelopes</li>
<li>while you are connected: your network address, and which streams that connection follows</li>
</ul>
<h2>What it cannot see</h2>
<p>Contents, file names, who is in a conversation, who wrote a record, and passwords. It stores no time finer than a day. Clients believe nothing it says that is not signed by the right device.</p>
<h2>Connect</h2>
<pre>bulla init YOUR-NAME@${domain} --service ${url}</pre>
<p>The interface: <a href="/v1/openapi.json">/v1/openapi.json</a></p>
</html>
`;
}

/** Nothing may load, run or frame this page; only its own style applies. */
export const frontPagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
