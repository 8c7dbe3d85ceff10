// Looks at every page in a real browser, on a phone and on a desk, light and dark: with the policy that it is served with, with axe, and
// with the keyboard. What is returned is all that is wrong.

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

export default async function ({ open, axe, input }) {
  const wrong = [];
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open({ viewport, colorScheme });
      let where = '';
      const tell = (what) => wrong.push(`${where}: ${what}`);
      // What a policy forbids, browsers say on the console.
      page.on('console', (message) => message.type() === 'error' && tell(message.text()));
      for (const { name, policy, html } of input.pages) {
        where = `${name}, ${size}, ${colorScheme}`;
        await page.unrouteAll();
        const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy };
        await page.route('**/*', (route) => route.fulfill({ headers, body: html }));
        await page.goto(`https://login.contoso.example/${name}`);
        if (input.screenshots) {
          await page.screenshot({ path: `${input.screenshots}/${name}-${size}-${colorScheme}.png`, fullPage: true });
        }
        const { display, overflow } = await page.evaluate(() => ({
          display: getComputedStyle(document.body).display,
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }));
        if (display !== 'flex') tell('the stylesheet is not used');
        if (overflow > 0) tell(`it is ${overflow} pixels too wide`);
        for (const { id, help, elements } of await axe(page)) tell(`${id}: ${help}: ${elements.join(' ')}`);
        await page.keyboard.press('Tab');
        const skip = await page.evaluate(() => {
          const focused = document.activeElement;
          return { href: focused.getAttribute('href'), top: focused.getBoundingClientRect().top };
        });
        if (skip.href !== '#main' || skip.top < 0) tell('the first key does not show the way past the header');
      }
      await page.context().close();
    }
  }
  return wrong;
}
