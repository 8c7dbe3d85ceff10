// An OpenID provider that looks like Microsoft Entra ID: a real code flow with single-use codes and client authentication,
// behind the addresses, documents, claims and error codes of Entra.
//
//     node server.mjs OPTIONS.json
//
// It listens on loopback and prints one line of JSON: `authority`, which relying parties are given, and `control`, where tests
// say who its users are and what is to go wrong. The second is always plain HTTP.

import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

import { browsers } from './browser.mjs';
import { controlHandler } from './control.mjs';
import { frontHandler } from './front.mjs';
import { State } from './state.mjs';

const LOOPBACK = '127.0.0.1';

/** Resolves with the port once the server listens. */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => resolve(server.address().port));
  });
}

const options = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const tls = options.tls && {
  cert: fs.readFileSync(options.tls.certificate),
  key: fs.readFileSync(options.tls.key),
};

// The issuer holds the port, so the handler comes after the address is known.
let handler;
const handle = (request, response) => handler(request, response);
const front = tls ? https.createServer(tls, handle) : http.createServer(handle);
const port = await listen(front, options.port ?? 0);
const origin = `${tls ? 'https' : 'http'}://${options.host ?? LOOPBACK}:${port}`;

const state = new State(origin, options);
handler = frontHandler(state);
const control = http.createServer(controlHandler(state, browsers(state, tls?.cert)));
const controlPort = await listen(control, 0);

console.log(JSON.stringify({ authority: origin, control: `http://${LOOPBACK}:${controlPort}` }));
