import { sql } from 'kysely'
import { lockPeppers, type Queries } from './store.ts'

export interface Rotation {
  id: number
  kekId: string
  startedAt: Date
  finishedAt: Date | null
}

/** The one that is under way, else the one that finished last. */
export function findRotation(db: Queries): Promise<Rotation | undefined> {
  return db.kysely
    .selectFrom('keyRotations')
    .selectAll()
    .orderBy(sql`finished_at is not null`)
    .orderBy('finishedAt', 'desc')
    .executeTakeFirst()
}

/** Whether a rotation to that key-encryption key was ever begun. */
export async function wasTurnedTo(db: Queries, kekId: string): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('keyRotations')
    .select('id')
    .where('kekId', '=', kekId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Takes up the one that is under way, also for another key-encryption key than it began with. */
export function beginRotation(
  db: Queries,
  kekId: string,
): Promise<{ id: number; startedAt: Date; resumed: boolean }> {
  return db.kysely.transaction().execute(async (kysely) => {
    await lockPeppers({ kysely })
    const resumed = await kysely
      .updateTable('keyRotations')
      .set({ kekId })
      .where('finishedAt', 'is', null)
      .returning(['id', 'startedAt'])
      .executeTakeFirst()
    if (resumed) return { ...resumed, resumed: true }
    const begun = await kysely
      .insertInto('keyRotations')
      .values({ kekId, startedAt: sql<Date>`clock_timestamp()` })
      .returning(['id', 'startedAt'])
      .executeTakeFirstOrThrow()
    return { ...begun, resumed: false }
  })
}

/** Notes the end of a rotation; one that is finished keeps its time. */
export async function finishRotation(db: Queries, id: number) {
  await db.kysely
    .updateTable('keyRotations')
    .set({ finishedAt: sql<Date>`now()` })
    .where('id', '=', id)
    .where('finishedAt', 'is', null)
    .execute()
}
