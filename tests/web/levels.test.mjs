// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { FLOOR_DBFS, Needle, Silence, dbfs, peakOf } from "../../web/static/panels/levels.js";

test("half of full scale is six decibels below it, silence is the floor", () => {
  assert.equal(Math.round(dbfs(0.5)), -6);
  assert.equal(dbfs(0), FLOOR_DBFS);
});

test("a peak counts whichever way the sample points", () => {
  assert.equal(peakOf(new Float32Array([0.25, -0.5, 0.125])), 0.5);
});

test("a needle rises at once, falls 20 dB in 1.7 s, and keeps its peak for a moment", () => {
  const needle = new Needle();
  needle.read(1, 0);
  assert.equal(needle.level_dbfs, 0);
  needle.read(0, 1400);
  assert.ok(needle.level_dbfs > -17 && needle.level_dbfs < -16);
  assert.equal(needle.held_dbfs, 0);
  needle.read(0, 1700);
  assert.equal(Math.round(needle.level_dbfs), -20);
  assert.equal(Math.round(needle.held_dbfs), -20);
});

test("a pause is no silence, an unplugged cable is", () => {
  const silence = new Silence();
  assert.equal(silence.read(-60, 0), false);
  assert.equal(silence.read(-60, 3900), false);
  assert.equal(silence.read(-20, 3950), false);
  assert.equal(silence.read(-60, 4000), false);
  assert.equal(silence.read(-60, 8000), true);
});
