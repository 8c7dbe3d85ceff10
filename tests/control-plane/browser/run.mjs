// Starts Chromium and lets a tour use it.
//
//     node run.mjs TOUR.mjs OPTIONS.json RESULT.json
//
// The default export of a tour is an async function of `{ open, axe, input }`; what it returns is the result. A tour imports nothing,
// so it may lie anywhere.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

/** No step of a page takes longer on a busy machine. */
const STEP_MILLISECONDS = 20_000;

const [tourPath, optionsPath, resultPath] = process.argv.slice(2);
const options = JSON.parse(fs.readFileSync(optionsPath, 'utf8'));
const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    // Names that no name server knows, and ports that only root may listen at.
    `--host-resolver-rules=${options.hosts.map(([name, address]) => `MAP ${name} ${address}`).join(', ')}`,
    // The sandbox wants a kernel and a user that containers do not have.
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--font-render-hinting=none',
  ],
});

/** Opens a page in a browser of its own: no cookies, and the viewport, colour scheme and so on of playwright's `newContext`. */
async function open(context = {}) {
  const own = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...context });
  own.setDefaultTimeout(STEP_MILLISECONDS);
  return own.newPage();
}

/** What keeps people from using a page, by the rules of axe; an empty list where there is nothing. */
async function axe(page) {
  // Evaluated by the browser's debugger, which a strict content security policy does not forbid.
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  if (passes.length === 0) throw new Error('axe found nothing to look at');
  return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, elements: nodes.map(({ html }) => html) }));
}

try {
  const { default: tour } = await import(pathToFileURL(path.resolve(tourPath)).href);
  const result = await tour({ open, axe, input: options.input });
  fs.writeFileSync(resultPath, JSON.stringify(result ?? null));
} finally {
  await browser.close();
}
