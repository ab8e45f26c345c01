// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { arrange, heightWanted, settled } from "../../web/static/lib/layout.js";

const WIDE = { width: 1600, height: 700 };
const PHONE = { width: 360, height: 420 };

test("no picture leaves its box, and none lies on another", () => {
  for (const layout of ["full", "side_by_side", "signing_tables", "multiview"]) {
    for (const count of [1, 2, 3, 4, 8]) {
      for (const box of [WIDE, PHONE, { width: 500, height: 500 }]) {
        const rects = arrange(layout, layout === "full" ? 1 : count, box);
        rects.forEach((rect, index) => {
          assert.ok(rect.x >= -0.01 && rect.y >= -0.01 && rect.x + rect.width <= box.width + 0.01 && rect.y + rect.height <= box.height + 0.01, `${layout} ${count}`);
          for (const other of rects.slice(index + 1)) {
            assert.ok(rect.x + rect.width <= other.x + 0.01 || other.x + other.width <= rect.x + 0.01 || rect.y + rect.height <= other.y + 0.01 || other.y + other.height <= rect.y + 0.01, `${layout} ${count}`);
          }
        });
      }
    }
  }
});

test("two halls stand side by side on a wide page and one above the other on a phone", () => {
  const [left, right] = arrange("side_by_side", 2, WIDE);
  assert.equal(left.y, right.y);
  const [above, below] = arrange("side_by_side", 2, PHONE);
  assert.equal(above.x, below.x);
});

test("signing tables are of equal rank, and no signatory is cut away beyond the safe eighth", () => {
  const [one, other, hall] = arrange("signing_tables", 4, WIDE);
  assert.equal(one.width, other.width);
  assert.ok(hall.width < one.width);
  for (const { width, height } of [one, other]) assert.ok(width / height >= 14 / 9 - 0.001);
});

test("a full picture takes no more height than it can use", () => {
  assert.equal(Math.round(heightWanted("full", 1, 1600, 5000)), Math.round(1600 / (14 / 9)));
  assert.equal(heightWanted("full", 1, 1600, 500), 500);
});

test("a take is seen when every slot shows its source, or a slate in its place", () => {
  const tiles = [{ source: "a", slot: "v0" }, { source: "b", slot: "v1" }];
  assert.equal(settled(tiles, { v0: "a", v1: "c" }), false);
  assert.equal(settled(tiles, { v0: "a", v1: "b" }), true);
  assert.equal(settled(tiles, { v0: "slate/a", v1: "b" }), true);
});
