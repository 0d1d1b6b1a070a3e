import { readdir } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createTestDatabase } from '../support/database.ts'

const folder = new URL('../../migrations/', import.meta.url)

/** As a release left it that had the migrations before that one. */
async function migrateBefore(db: Kysely<unknown>, first: string) {
  await sql`
    create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null);
    create table kysely_migration_lock (id varchar(255) primary key, is_locked integer not null);
    insert into kysely_migration_lock values ('migration_lock', 0)`.execute(db)
  for (const file of (await readdir(folder)).sort().filter((name) => name < first)) {
    const { up } = await import(new URL(file, folder).href)
    await up(db)
    const name = file.replace('.ts', '')
    await sql`insert into kysely_migration values (${name}, '2026-01-01T00:00:00.000Z')`.execute(db)
  }
}

test('users of before belong to the default account of their organization', async () => {
  await using database = await createTestDatabase({ migrated: false })
  await using db = openDatabase({ url: database.url, onError: () => {} })
  await migrateBefore(db.kysely as Kysely<unknown>, '0020')
  await db.pool.query(`
    insert into organizations (organization_id, name) values (1, 'One'), (2, 'Two');
    insert into users (organization_id, id, email, role)
      values (1, 1, 'a@example.com', 'org-admin'), (1, 2, 'b@example.com', 'user'),
        (2, 3, 'c@example.com', 'org-admin')`)
  await migrate(database.url)
  const { rows } = await db.pool.query(`
    select u.id, a.organization_id, a.name, a.is_default
    from users u join accounts a on a.organization_id = u.organization_id and a.id = u.account_id
    order by u.id`)
  const account = { name: 'Default', is_default: true }
  expect(rows).toEqual([
    { id: 1, organization_id: 1, ...account },
    { id: 2, organization_id: 1, ...account },
    { id: 3, organization_id: 2, ...account },
  ])
})
