import { labels } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { Chapter } from "./chapter.ts";
import { type ChapterKey, chapterContext, streamSecrets } from "./chapter-keys.ts";
import { type Constitution, constitutionHash } from "./constitution.ts";
import { exportSecret, type Group, transcriptOf } from "./group.ts";

/** The chapter that an epoch and a constitution make together: K_n = MLS-Exporter("bulla/1 chapter", ctx_n, 32). Nobody chooses it. */
export async function enterChapter(
  primitives: Primitives,
  group: Group,
  constitution: Constitution,
  previousEnd: Uint8Array,
): Promise<Chapter> {
  const { space, number } = constitution;
  const context = chapterContext(primitives, {
    space,
    number,
    transcript: transcriptOf(group),
    constitution: constitutionHash(primitives, constitution),
  });
  const key = (await exportSecret(primitives, group, labels.chapter, context)) as ChapterKey;
  return {
    space,
    number,
    retry: 0,
    context,
    key,
    stream: streamSecrets(primitives, key, 0),
    constitution,
    group,
    previousEnd,
  };
}
