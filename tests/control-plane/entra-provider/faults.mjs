// Answers of a provider that is ill.

import { setTimeout as after } from 'node:timers/promises';

const HUGE_BYTES = 64 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Answers the request as the fault has it; returns false where the request goes on, perhaps after a while. */
export async function answerBadly(fault, response) {
  switch (fault?.kind) {
    case 'slow':
      await after(fault.milliseconds ?? 60_000);
      return response.destroyed;
    case 'down':
      response.socket.destroy();
      return true;
    case 'garbage':
      send(response, 200, { 'content-type': 'application/json' }, '<!DOCTYPE html><title>not JSON</title>');
      return true;
    case 'redirect':
      send(response, 302, { location: fault.location }, '');
      return true;
    case 'answer':
      send(response, fault.status, { 'content-type': 'application/json' }, JSON.stringify(fault.body));
      return true;
    case 'huge':
      await sendHuge(response, fault.bytes ?? HUGE_BYTES);
      return true;
    default:
      return false;
  }
}

export function send(response, status, headers, body) {
  response.writeHead(status, headers);
  response.end(body);
}

/** A document that begins well and does not end, as long as somebody reads it. */
async function sendHuge(response, bytes) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"issuer":"');
  const isOver = new Promise((resolve) => { response.once('close', resolve); });
  for (let sent = 0; sent < bytes && !response.destroyed; sent += CHUNK.length) {
    if (!response.write(CHUNK)) await Promise.race([new Promise((resolve) => { response.once('drain', resolve); }), isOver]);
  }
  response.end('"}');
}
