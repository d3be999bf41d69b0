import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { PROBLEMS } from "../../static/js/lib/phone-state.js";
import { CONSENT_WORDING_VERSION, textAt, textsFor } from "../../static/js/lib/phone-text.js";

const en = textsFor(["en"]);
const partials = new URL("../../templates/recordings/phone/", import.meta.url);
const html = readdirSync(partials).map((name) => readFileSync(new URL(name, partials), "utf8")).join("\n");

/** Every string of a catalogue; functions are called with a number and with a word. */
function strings(node) {
  if (typeof node === "string") return [node];
  if (typeof node === "function") return [node(3, 4), node("Northside", 4)];
  return Object.values(node).flatMap(strings);
}

test("every text that the page's templates name exists", () => {
  const paths = [...html.matchAll(/data-text="([^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.length > 20);
  for (const path of paths) assert.ok(textAt(en, path).length > 0, path);
  assert.throws(() => textAt(en, "consent.nothing"), /consent\.nothing/);
});

test("every problem has its own title and says what to do", () => {
  const titles = Object.keys(PROBLEMS).map((code) => {
    const { title, body } = en.problems[code];
    assert.ok(body.length > 20, code);
    return title;
  });
  assert.equal(new Set(titles).size, titles.length);
  assert.deepEqual(Object.keys(en.problems).sort(), Object.keys(PROBLEMS).sort());
});

test("every action of a problem has a button and a name", () => {
  for (const action of new Set(Object.values(PROBLEMS).flat())) {
    assert.ok(html.includes(`data-problem-action="${action}"`), action);
    assert.ok(en.actions[action]);
  }
});

test("the names that scripts rely on", () => {
  assert.match(en.consent.agree, /agree/);
  assert.match(en.consent.agreeGuardian, /agree/);
  assert.doesNotMatch(en.consent.research, /agree/);
  assert.deepEqual([en.hold.record, en.record.stop, en.actions.download], ["Record", "Stop", "Download"]);
});

test("the consent's version is the server's", () => {
  const server = readFileSync(new URL("../../recordings/consent_wording.py", import.meta.url), "utf8");
  assert.equal(/^VERSION = "([^"]+)"/m.exec(server)[1], CONSENT_WORDING_VERSION);
});

test("the sites and postures are the server's", () => {
  const model = readFileSync(new URL("../../recordings/models/recording.py", import.meta.url), "utf8");
  const values = (name) => [...model.split(`class ${name}(`)[1].split("\nclass ")[0].matchAll(/^ {4}[A-Z_]+ = "(\w+)"/gm)].map(([, value]) => value);
  for (const [name, texts] of [["Site", en.hold.sites], ["Posture", en.hold.postures]]) {
    assert.deepEqual(Object.keys(texts).filter(Boolean).sort(), values(name).sort());
  }
});

test("no exclamation marks, no result, nothing of a diagnosis", () => {
  for (const text of strings(en)) assert.doesNotMatch(text, /!|healthy|normal|diagnos|murmur/i);
});

test("how long it is kept is said in words", () => {
  assert.match(en.consent.kept(3650), /10 years/);
  assert.match(en.consent.kept(90), /3 months/);
  assert.match(en.consent.kept(1), /1 day /);
  assert.match(en.consent.kept(null), /as long as the clinic/);
});

test("an unknown language gets English, a regional one its own", () => {
  assert.equal(textsFor(["xx-YY", "en-GB"]).language, "en");
  assert.equal(textsFor([]).language, "en");
});
