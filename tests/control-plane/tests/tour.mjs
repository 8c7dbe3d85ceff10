// A good page, and one with mistakes that axe has to find.

const page = (body) => `data:text/html,${encodeURIComponent(`<!DOCTYPE html><html lang="en"><title>A page</title>${body}</html>`)}`;

export default async ({ open, axe, input }) => {
  const good = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await good.goto(page('<main><h1>Sign in</h1><label>Name <input></label></main>'));
  const dark = await good.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  await good.screenshot({ path: input.screenshot });
  const found = await axe(good);

  const bad = await open();
  await bad.goto(page('<main><h1>Sign in</h1><input></main>'));
  const mistakes = (await axe(bad)).map(({ id }) => id);

  const named = await open();
  await named.goto('http://app.contoso.example/there');
  return { dark, found, mistakes, title: await named.title(), width: await good.evaluate(() => innerWidth) };
};
