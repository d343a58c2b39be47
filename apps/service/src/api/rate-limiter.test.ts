import fc from "fast-check";
import { expect, test } from "vitest";
import { addressKey, isLoopback, RateLimiter } from "./rate-limiter.ts";

test("within any time a key gets at most its burst and what that time adds", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3000), { maxLength: 200 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 600 }),
      (steps, burst, perMinute) => {
        let now = 0;
        let passed = 0;
        const limiter = new RateLimiter({ now: () => now });
        for (const step of steps) {
          now += step;
          try {
            limiter.take("a", { burst, perMinute });
            passed++;
          } catch {
            // counted by not being counted
          }
        }
        expect(passed).toBeLessThanOrEqual(burst + (now * perMinute) / 60_000 + 1e-6);
      },
    ),
  );
});

test("the keys that were quiet longest are forgotten first, so memory is bounded", () => {
  const limiter = new RateLimiter({ now: () => 0 }, 2);
  const rate = { burst: 1, perMinute: 1 };
  for (const key of ["a", "b", "c"]) limiter.take(key, rate);
  expect(() => limiter.take("c", rate)).toThrow(expect.objectContaining({ code: "service/rate-limited" }));
  limiter.take("a", rate);
});

test("addresses of one person share a key", () => {
  expect(addressKey("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe(addressKey("2001:db8:1:2::9"));
  expect(addressKey("2001:db8:1:2::9")).not.toBe(addressKey("2001:db8:1:3::9"));
  expect([isLoopback("127.0.0.1"), isLoopback("::1"), isLoopback("::ffff:127.0.0.1"), isLoopback("192.0.2.7")]).toEqual(
    [true, true, true, false],
  );
});
