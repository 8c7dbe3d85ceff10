// A person at a browser who signs in at the provider, for tests that need no page. Browsers have names, and each keeps its cookies.

import http from 'node:http';
import https from 'node:https';

const MOST_STEPS = 12;

export function browsers(state, certificate) {
  const jars = new Map();
  return {
    /**
     * Opens an address of the provider and goes on until it leads to somebody else, which is returned as `location`, or to a page,
     * returned as `status` and `body`. On the sign-in page `user` is typed in, once.
     */
    async visit({ url, user, browser = 'default' }) {
      if (!jars.has(browser)) jars.set(browser, new Map());
      const jar = jars.get(browser);
      let [target, typed] = [new URL(url), user];
      let form;
      for (let step = 0; step < MOST_STEPS; step += 1) {
        if (target.origin !== state.origin) return { location: target.href };
        const { status, headers, body } = await ask(target, form, jar, certificate);
        form = undefined;
        const automatic = automaticForm(body);
        if (headers.location) {
          target = new URL(headers.location, target);
        } else if (automatic) {
          target = new URL(automatic.action, target);
          form = automatic.fields;
        } else if (status === 200 && typed && body.includes('name="user"')) {
          form = new URLSearchParams({ user: typed }).toString();
          typed = undefined;
        } else {
          return { status, body };
        }
      }
      throw new Error(`more than ${MOST_STEPS} steps, the last to ${target.href}`);
    },
  };
}

/** The form of a page whose script sends it at once, as the provider's does before it changes the user of a session. */
function automaticForm(body) {
  if (!body.includes('document.forms[0].submit()')) return undefined;
  const [, action] = body.match(/<form method="post" action="([^"]+)"/);
  const inputs = [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return { action, fields: new URLSearchParams(inputs.map(([, name, value]) => [name, value])).toString() };
}

function ask(url, form, jar, ca) {
  const headers = { accept: 'text/html', cookie: cookies(jar, url.pathname) };
  if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const method = form === undefined ? 'GET' : 'POST';
    const request = client.request(url, { method, headers, ca, agent: false }, async (response) => {
      try {
        let body = '';
        for await (const chunk of response) body += chunk;
        for (const cookie of response.headers['set-cookie'] ?? []) keep(jar, cookie);
        resolve({ status: response.statusCode, headers: response.headers, body });
      } catch (error) {
        reject(error);
      }
    });
    request.once('error', reject);
    request.end(form);
  });
}

function cookies(jar, path) {
  const sent = [...jar.values()].filter((cookie) => path.startsWith(cookie.path));
  return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
}

function keep(jar, header) {
  const [pair, ...attributes] = header.split(/;\s*/);
  const [name, ...value] = pair.split('=');
  const attribute = (wanted) => attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const path = attribute('path') ?? '/';
  const expires = attribute('expires');
  if (expires && new Date(expires) <= new Date()) jar.delete(`${name} ${path}`);
  else jar.set(`${name} ${path}`, { name, path, value: value.join('=') });
}
