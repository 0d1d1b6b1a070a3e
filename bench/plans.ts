import pg from 'pg'

/** A statement as the service sends it. */
export interface Statement {
  /** Undefined where it is planned anew each time. */
  name: string | undefined
  text: string
  values: unknown[]
}

export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  Alias?: string
  'Index Name'?: string
  'Index Cond'?: string
  Filter?: string
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  /** Of one loop, as an average. */
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: PlanNode[]
}

export interface Explained {
  statement: Statement
  /** All its nodes. */
  nodes: PlanNode[]
  /** Buffers that it read, hit or not; with those of triggers and foreign keys where it has any. */
  buffers: number
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown

/**
 * Explains what the process sends to PostgreSQL while `work` runs, each statement right before it is
 * sent, in a transaction of the analyst's that is rolled back.
 */
export async function explainAll(
  analyst: Analyst,
  work: () => Promise<unknown>,
): Promise<Explained[]> {
  const proto = pg.Client.prototype as unknown as { query: Query }
  const { query } = proto
  const explained: Explained[] = []
  let last: Promise<unknown> = Promise.resolve()
  proto.query = function (...args) {
    const statement = analyst.owns(this) ? undefined : readStatement(args)
    if (!statement) return query.apply(this, args)
    last = last.then(async () => explained.push(await analyst.explain(statement)))
    return last.then(() => query.apply(this, args))
  }
  try {
    await work()
  } finally {
    proto.query = query
  }
  return explained
}

function readStatement([given, values]: unknown[]): Statement | undefined {
  const query = (typeof given === 'string' ? { text: given, values } : given) as Statement
  if (!/^\s*(select|insert|update|delete|with)\b/i.test(query.text)) return undefined
  return {
    name: query.name,
    text: query.text,
    values: Array.isArray(query.values) ? query.values : [],
  }
}

/** A connection that plans as those of the service do, and another that counts what it reads. */
export class Analyst {
  readonly #planner: pg.Client
  readonly #counter: pg.Client
  readonly #prepared = new Set<string>()
  #pid = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(url: string) {
    this.#planner = new pg.Client({ connectionString: url })
    this.#counter = new pg.Client({ connectionString: url })
  }

  /** @param settings of the connection that plans, such as `plan_cache_mode` */
  static async connect(url: string, settings: Record<string, string> = {}): Promise<Analyst> {
    const analyst = new Analyst(url)
    await Promise.all([analyst.#planner.connect(), analyst.#counter.connect()])
    for (const setting of Object.entries(settings)) {
      await analyst.#planner.query('select set_config($1, $2, false)', setting)
    }
    const { rows } = await analyst.#planner.query('select pg_backend_pid() as pid')
    analyst.#pid = rows[0].pid
    return analyst
  }

  owns(client: unknown): boolean {
    return client === this.#planner || client === this.#counter
  }

  /** One after another: between two that mixed their transactions, what one wrote would stay. */
  explain(statement: Statement): Promise<Explained> {
    const explaining = this.#last.then(() => this.#explain(statement))
    this.#last = explaining.catch(() => {})
    return explaining
  }

  async #explain(statement: Statement): Promise<Explained> {
    const { name, text, values } = statement
    if (name && !this.#prepared.has(name)) {
      await this.#planner.query(`prepare ${pg.escapeIdentifier(name)} as ${text}`)
      this.#prepared.add(name)
    }
    const before = await this.#count()
    await this.#planner.query('begin')
    const options = 'explain (analyze, buffers, timing off, format json)'
    const { rows } = await (name
      ? this.#planner.query(
          `${options} execute ${pg.escapeIdentifier(name)}(${values.map(literalOf).join(', ')})`,
        )
      : this.#planner.query(`${options} ${text}`, values))
    await this.#planner.query('select pg_stat_force_next_flush()')
    await this.#planner.query('rollback')
    const [{ Plan: plan, Triggers: triggers }] = rows[0]['QUERY PLAN']
    const buffers =
      triggers.length > 0
        ? (await this.#count()) - before
        : plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
    return { statement, nodes: flatten(plan), buffers }
  }

  /** Blocks that the planner's connection has read since it began. */
  async #count(): Promise<number> {
    const { rows } = await this.#counter.query(
      `select (sum(hits) + sum(read_bytes) / current_setting('block_size')::integer)::float8 as blocks
      from pg_stat_get_backend_io($1) where object = 'relation'`,
      [this.#pid],
    )
    return rows[0].blocks
  }

  async [Symbol.asyncDispose]() {
    await Promise.all([this.#planner.end(), this.#counter.end()])
  }
}

export function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** Rows that a statement looks at in tables, whether they pass or not. */
export function rowsRead(nodes: PlanNode[]): number {
  const scans = nodes.filter((node) => node['Relation Name'] && node['Node Type'] !== 'ModifyTable')
  return sum(
    scans.map(
      (node) =>
        rowsOf(node) +
        ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
          (node['Actual Loops'] ?? 0),
    ),
  )
}

/** Rows that a statement answers, or writes, or that a limit lets pass. */
export function rowsWanted(nodes: PlanNode[]): number {
  const stated = nodes.filter(
    (node, at) => at === 0 || ['Limit', 'ModifyTable'].includes(node['Node Type']),
  )
  return sum(stated.map(rowsOf))
}

function rowsOf(node: PlanNode): number {
  return (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 0)
}

function sum(all: number[]): number {
  return all.reduce((total, one) => total + one, 0)
}

/** A parameter as the text that the driver sends, so that PostgreSQL gives it the type it infers. */
function literalOf(value: unknown): string {
  return value === null || value === undefined ? 'null' : pg.escapeLiteral(textOf(value))
}

function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function elementOf(value: unknown): string {
  return value === null ? 'NULL' : `"${textOf(value).replace(/["\\]/g, '\\$&')}"`
}
