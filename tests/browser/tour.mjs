// A tour of people through every page: in by the keyboard alone, out by every way. What is wrong is collected and returned.

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
/** The longest way by the key Tab on a page of ours. */
const MAX_TABS = 40;
const PASSWORD = 'a walrus counts seven quiet lighthouses';

/** Walks until the end, or to the step that cannot be done, and tells what was wrong up to there. */
export default async function (tools) {
  const wrong = [];
  const seen = [];
  const walked = { where: 'the start' };
  await walk(tools, { wrong, seen, walked }).catch((error) => wrong.push(`${walked.where}: ${error.message}`));
  return { seen, wrong };
}

async function walk({ open, axe, input }, { wrong, seen, walked }) {
  const { origin, application, directory, screenshots } = input;
  const tell = (what) => wrong.push(`${walked.where}: ${what}`);
  const expect = (holds, what) => holds || tell(what);

  /** A page in a browser of its own, whose console is listened to: what a policy forbids, browsers say there. */
  async function browser() {
    const page = await open({ viewport: SIZES.desktop });
    // A status of 400 or more is said there too, and is what some pages are about.
    const isFault = (message) => message.type() === 'error' && !message.text().startsWith('Failed to load resource');
    page.on('console', (message) => isFault(message) && tell(message.text()));
    page.on('pageerror', (error) => tell(String(error)));
    return page;
  }

  /** Looks at the page that is shown, in both sizes and both colour schemes. */
  async function look(page, name, heading) {
    walked.where = name;
    seen.push(name);
    expect((await page.locator('h1').innerText()).includes(heading), `the heading is ${await page.locator('h1').innerText()}`);
    expect((await page.title()).includes('Contoso'), `the title is ${await page.title()}`);
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ['light', 'dark']) {
        walked.where = `${name}, ${size}, ${colorScheme}`;
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow <= 0, `it is ${overflow} pixels too wide`);
        for (const { id, help, elements } of await axe(page)) tell(`${id}: ${help}: ${elements.join(' ')}`);
        if (screenshots) await page.screenshot({ path: `${screenshots}/${name}-${size}-${colorScheme}.png` });
      }
    }
    await page.setViewportSize(SIZES.desktop);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    walked.where = `after ${name}`;
  }

  /** Presses Tab until something of this text has the focus, and sees that the focus can be seen. */
  async function tabTo(page, text) {
    for (let tabs = 0; tabs < MAX_TABS; tabs += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return { text: element.innerText || element.labels?.[0]?.innerText || '', outline: outlineStyle !== 'none' && outlineWidth !== '0px' };
      });
      if (focused.text.includes(text)) {
        expect(focused.outline, `the focus on ${text} cannot be seen`);
        return;
      }
    }
    throw new Error(`the key Tab never comes to ${text}`);
  }

  /** Signs in at the provider's page, where the cursor stands in its only field. */
  async function signInAtProvider(page, user) {
    await page.waitForURL((url) => !url.href.startsWith(origin) && !url.href.startsWith(application));
    await page.locator('input[name=user]').waitFor();
    await page.keyboard.type(user);
    await page.keyboard.press('Enter');
  }

  const h1 = (page, text) => page.locator('h1', { hasText: text }).waitFor();
  const portal = `${origin}/portal/${directory}`;
  const login = `${origin}/login/${directory}`;

  // An administrator opens a page of the application and signs in without a mouse.
  const admin = await browser();
  const deepLink = `${application}/My%20Page?q=a%20b%0A%5C%26&next=https://evil.example/`;
  await admin.goto(deepLink);
  await look(admin, 'sign-in', 'Sign in');
  await tabTo(admin, 'Skip to the content');
  await tabTo(admin, 'Sign in with Microsoft');
  await admin.keyboard.press('Enter');
  await signInAtProvider(admin, input.administrator);
  await admin.waitForURL((url) => url.href.startsWith(`${application}/My`));
  expect(admin.url() === deepLink, `the deep link became ${admin.url()}`);
  const told = JSON.parse(await admin.locator('body').innerText());
  expect(told.headers.some(([name, value]) => name === 'x-auth-request-user' && value === input.administrator), 'the application was not told who it is');

  // The other person signs in as well, in another browser, to be thrown out in a moment.
  const other = await browser();
  await other.goto(`${application}/`);
  await other.getByRole('link', { name: 'Sign in with Microsoft' }).click();
  await signInAtProvider(other, input.person);
  await other.waitForURL(`${application}/`);

  await admin.goto(portal);
  await look(admin, 'signed-in', 'You are signed in as Ada Lindqvist');
  await admin.getByRole('link', { name: 'People' }).click();
  await h1(admin, 'People');
  await look(admin, 'roll', 'People');
  await admin.getByLabel('Search by name or user name').fill('ogdan');
  await admin.keyboard.press('Enter');
  await admin.getByText('One person was found.').waitFor();
  await look(admin, 'roll-search', 'People');
  await admin.getByRole('link', { name: `Suspend ${input.suspended.name}` }).click();
  await h1(admin, 'Suspend this person?');
  await look(admin, 'suspend', 'Suspend this person?');
  await admin.getByLabel('Reason (optional)').fill('A laptop was lost.');
  await admin.getByRole('button', { name: 'Suspend' }).click();
  await h1(admin, 'People');
  await admin.getByRole('link', { name: `Lift the suspension of ${input.suspended.name}` }).waitFor();
  await look(admin, 'roll-suspended', 'People');

  // That person is out at the next request, and may read why.
  await other.goto(`${application}/`);
  expect(other.url().startsWith(`${login}?app=wiki&rd=`), `somebody who is suspended came to ${other.url()}`);
  await h1(other, 'Sign in');
  await other.getByRole('link', { name: 'Sign in with Microsoft' }).click();
  await h1(other, 'You do not have access');
  expect(await other.getByText('Your access has been suspended.').isVisible(), 'the page does not say why');
  expect(await other.getByText('Ask the service desk: extension 4711.').isVisible(), 'the page does not say whom to ask');
  await look(other, 'denied', 'You do not have access');

  await admin.getByRole('link', { name: `Lift the suspension of ${input.suspended.name}` }).click();
  await h1(admin, 'Lift the suspension?');
  await look(admin, 'lift-suspension', 'Lift the suspension?');
  await admin.getByRole('button', { name: 'Lift the suspension' }).click();
  await admin.getByRole('link', { name: `Suspend ${input.suspended.name}` }).waitFor();
  await other.goto(`${application}/`);
  await other.getByRole('link', { name: 'Sign in with Microsoft' }).click();
  await other.waitForURL(`${application}/`);
  await other.goto(`${portal}/people`);
  await look(other, 'denied-portal', 'You do not have access');
  await other.getByRole('link', { name: 'Use another account' }).click();
  await other.getByRole('link', { name: 'Sign in with Microsoft' }).click();
  await signInAtProvider(other, input.administrator);
  await h1(other, 'People');

  await other.close();

  // A login that was begun elsewhere.
  const invited = await browser();
  await invited.goto(`${login}/callback?code=forged&state=forged`);
  await look(invited, 'error', 'That did not work');
  expect(!(await invited.locator('body').innerText()).includes('forged'), 'the page repeats what was sent');

  // Somebody who was invited chooses a password and signs in with it.
  await invited.goto(input.invitation);
  await look(invited, 'invitation', 'Choose a password');
  await invited.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await invited.getByLabel('New password, once more').fill(`${PASSWORD}!`);
  await invited.getByRole('button', { name: 'Save password' }).click();
  await invited.getByText('The two new passwords are not the same.').waitFor();
  await look(invited, 'invitation-problem', 'Choose a password');
  await invited.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await invited.getByLabel('New password, once more').fill(PASSWORD);
  await invited.getByRole('button', { name: 'Save password' }).click();
  await h1(invited, 'Your password is saved');
  await look(invited, 'password-saved', 'Your password is saved');
  await invited.goto(input.invitation);
  await look(invited, 'invitation-used', 'That did not work');
  await invited.goto(login);
  await invited.getByRole('link', { name: 'Sign in with a password' }).click();
  await h1(invited, 'Sign in with your password');
  await invited.getByLabel('User name').fill(input.invited);
  await invited.getByLabel('Password').fill('a wrong one that is long enough');
  await invited.keyboard.press('Enter');
  await invited.getByText('User name or password is wrong').waitFor();
  await look(invited, 'password', 'Sign in with your password');
  await tabTo(invited, 'User name');
  await invited.keyboard.type(input.invited);
  await tabTo(invited, 'Password');
  await invited.keyboard.type(PASSWORD);
  await tabTo(invited, 'Sign in');
  await invited.keyboard.press('Enter');
  await h1(invited, 'You are signed in as Farida Haddad');
  await look(invited, 'signed-in-password', 'You are signed in');
  await invited.getByRole('link', { name: 'Change your password' }).click();
  await look(invited, 'change-password', 'Change your password');
  await invited.goto(portal);
  await invited.getByRole('button', { name: 'Sign out', exact: true }).click();
  await h1(invited, 'You are signed out');
  await look(invited, 'signed-out', 'You are signed out');
  await invited.goBack();
  await invited.goto(portal);
  await h1(invited, 'Sign in');
  await invited.close();

  // The administrator leaves everywhere: at the provider, at our host and at the application's.
  await admin.goto(portal);
  await admin.getByRole('button', { name: 'Sign out everywhere' }).click();
  const confirmation = admin.getByRole('button', { name: 'Sign out', exact: true });
  await confirmation.or(admin.locator('h1', { hasText: 'You are signed out' })).waitFor();
  if (await confirmation.isVisible()) await confirmation.click();
  await h1(admin, 'You are signed out');
  await look(admin, 'signed-out-everywhere', 'You are signed out');
  await admin.goto(`${application}/`);
  await h1(admin, 'Sign in');
  await admin.close();
}
