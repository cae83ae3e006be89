// Somebody in front of a page of the console, with a mouse and a keyboard: every change is made by pressing and typing.
import { strict as assert } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';

/** Longer texts are pasted, as people do. */
const TYPED_LETTERS = 60;
const LOOK_AGAIN_MS = 50;

/** `page`: of Playwright, whose default timeout is how long anything is waited for. */
export class User {
  constructor(page, limitMs) {
    this.page = page;
    this.limitMs = limitMs;
  }

  /** Presses the button of this name. */
  press(name, within = this.page) {
    return within.getByRole('button', { name, exact: true }).click();
  }

  /** Replaces what is in a field. `field`: a selector. */
  async type(field, text) {
    await this.page.locator(field).click();
    await this.page.keyboard.press('ControlOrMeta+A');
    if (text.length > TYPED_LETTERS) await this.page.keyboard.insertText(text);
    else await this.page.keyboard.type(text);
  }

  /** Chooses an option of the list of this label. */
  async choose(label, option) {
    await this.page.getByLabel(label, { exact: true }).first().click();
    await this.page.getByRole('option', { name: option, exact: true }).click();
  }

  /** Follows a link of the navigation, which on a phone has to be opened first. */
  async goTo(place, heading = place) {
    await this.openNavigation();
    await this.page.locator('#navigation').getByRole('link', { name: place, exact: true }).click();
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  }

  async openNavigation() {
    const burger = this.page.getByLabel('open the navigation');
    if (await burger.isVisible()) await burger.click();
  }

  /** From the list of collections to one of the pages of a collection. */
  async openCollection(name, tab) {
    await this.goTo('Collections');
    await this.page.locator('table[aria-label=collections]').getByRole('link', { name, exact: true }).click();
    await this.openTab(tab);
  }

  async openTab(name) {
    const tab = this.page.getByRole('tab', { name, exact: true });
    await tab.click();
    await this.until(`the page ${name} is open`, async () => (await tab.getAttribute('aria-selected')) === 'true');
  }

  /** Drags a file from outside the browser over an element, and drops it there. */
  async dropFile(path, target) {
    const box = await this.boxOf(target);
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    const session = await this.page.context().newCDPSession(this.page);
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
      await session.send('Input.dispatchDragEvent', { type, ...at, data });
    }
    await session.detach();
  }

  /** Drags with the mouse within an element, in a circle, and says how often the page was painted: in frames per second. */
  async pan(target, moves) {
    const box = await this.boxOf(target);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await this.page.evaluate(`window.paintedAtMs = [];
      window.paintRequest = requestAnimationFrame(function next(now) {
        window.paintedAtMs.push(now);
        window.paintRequest = requestAnimationFrame(next);
      })`);
    for (let move = 1; move <= moves; move += 1) {
      const angle = (move / moves) * 4 * Math.PI;
      await this.page.mouse.move(x + 80 * Math.sin(angle), y + 50 * (1 - Math.cos(angle)));
    }
    const times = await this.page.evaluate('cancelAnimationFrame(window.paintRequest); window.paintedAtMs');
    await this.page.mouse.move(x + 60, y + 40);
    await this.page.mouse.up();
    const waits = times.slice(1).map((time, at) => time - times[at]);
    assert.ok(waits.length > 1, 'the page was painted while the map was moved');
    const tookMs = times.at(-1) - times[0];
    return { framesPerSecond: (1_000 * waits.length) / tookMs, longestMs: Math.max(...waits) };
  }

  async boxOf(target) {
    const element = this.page.locator(target);
    await element.scrollIntoViewIfNeeded();
    const box = await element.boundingBox();
    assert.ok(box, `${target} is on the page`);
    return box;
  }

  /** Waits until `look` returns something true, and returns it. */
  async until(what, look) {
    for (const end = performance.now() + this.limitMs; ; ) {
      const seen = await look();
      if (seen) return seen;
      if (performance.now() > end) throw new Error(`${what}: not within ${this.limitMs / 1_000} s`);
      await pause(LOOK_AGAIN_MS);
    }
  }

  shown(selector) {
    return this.page.locator(selector).first().textContent();
  }

  /** Ids of the results of a search, best first. */
  resultIds() {
    return this.page.locator('table[aria-label=results] tbody tr td:nth-child(2)').allTextContents();
  }
}
