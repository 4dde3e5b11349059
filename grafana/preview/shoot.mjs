// node shoot.mjs ADDRESS FILE [CHROMIUM]: a picture of a dashboard, when all of its panels have been drawn.
import puppeteer from 'puppeteer-core';

const [address, file, executablePath = '/usr/bin/chromium'] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--no-proxy-server'] });
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.setViewport({ width: 1616, height: 1200 });
  await page.goto(address);
  await page.waitForSelector('#page');
  await page.waitForFunction(() => !document.querySelector('[data-waiting]'), { timeout: 60000 });
  await new Promise((drawn) => setTimeout(drawn, 1500));
  const errors = await page.$$eval('[data-error]', (found) => found.map((one) => one.textContent));
  if (errors.length > 0) throw new Error(errors.join('\n'));
  await (await page.$('#page')).screenshot({ path: file });
} finally {
  await browser.close();
}
