import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Whoever caches callers hears of every change to them, however it was made. Once a statement,
    -- and never for inserts: a caller that is not known is not cached.
    create function notify_access_change() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_access', '');
        return null;
      end
    $$;
    create trigger organizations_changed after update or delete or truncate on organizations
      for each statement execute function notify_access_change();
    create trigger users_changed after update or delete or truncate on users
      for each statement execute function notify_access_change();
    create trigger access_secrets_changed after update or delete or truncate on access_secrets
      for each statement execute function notify_access_change();
  `.execute(db)
}
