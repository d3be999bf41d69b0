import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../static/js/", import.meta.url);
const templates = new URL("../../templates/", import.meta.url);

function filesUnder(directory, ending) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const url = new URL(entry.isDirectory() ? `${entry.name}/` : entry.name, directory);
    return entry.isDirectory() ? filesUnder(url, ending) : url.pathname.endsWith(ending) ? [url] : [];
  });
}

const IMPORT = /^(?:import|export)\s[^;]*?from\s+"([^"]+)"/gms;

test("modules import by relative path with the ending, and what they import exists", () => {
  const modules = ["lib/", "pages/"].flatMap((name) => filesUnder(new URL(name, root), ".js"));
  assert.ok(modules.length > 30);
  for (const module of modules) {
    for (const [, path] of readFileSync(module, "utf8").matchAll(IMPORT)) {
      assert.match(path, /^\.\.?\/.*\.js$/, `${module.pathname} imports ${path}`);
      assert.ok(existsSync(new URL(path, module)), `${module.pathname} imports ${path}`);
    }
  }
});

test("the library imports no page", () => {
  for (const module of filesUnder(new URL("lib/", root), ".js")) assert.doesNotMatch(readFileSync(module, "utf8"), /from "[^"]*pages\//);
});

test("a worklet imports nothing: it is loaded from one hashed address", () => {
  for (const worklet of filesUnder(new URL("worklets/", root), ".js")) {
    assert.doesNotMatch(readFileSync(worklet, "utf8"), /^\s*import\b|importScripts/m);
  }
});

test("the phone's templates have no inline style, handler or script", () => {
  const pages = [...filesUnder(new URL("recordings/phone/", templates), ".html"), new URL("recordings/phone.html", templates), new URL("phone_base.html", templates)];
  for (const page of pages) {
    const html = readFileSync(page, "utf8");
    assert.doesNotMatch(html, /\sstyle=|\son[a-z]+=|<style|javascript:/i, page.pathname);
    for (const [tag] of html.matchAll(/<script[^>]*>/g)) assert.match(tag, /\ssrc=/, page.pathname);
  }
});

test("nothing on the phone beeps or vibrates", () => {
  const modules = ["phone.js", "phone-recorder.js", "phone-view.js"].map((name) => new URL(`pages/${name}`, root));
  for (const module of modules) assert.doesNotMatch(readFileSync(module, "utf8"), /vibrate|Oscillator|new Audio\(|\.play\(/);
});
