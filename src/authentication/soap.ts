import { type Static, Type } from 'typebox'
import { escapes, fullAllowance, render } from '../exchange/template.ts'
import { textIn } from './body-text.ts'
import { insertIntoOperation } from './envelope.ts'
import { type AuthenticationType, common, strict } from './type.ts'

const XmlName = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' })

const schema = Type.Object(
  {
    type: Type.Literal('soap'),
    ...common,
    /** The element that holds the credentials, and its children in order. */
    element: XmlName,
    fields: Type.Array(Type.Object({ name: XmlName, value: Type.String() }, strict)),
  },
  strict,
)

/** Credentials as the first child of the operation in a SOAP body, in the operation's namespace. */
export const soap = {
  schema,
  seesBody: () => true,
  sign(request, authentication, values) {
    const allowance = fullAllowance()
    const body = insertIntoOperation(textIn(request), (prefix) => {
      const tag = (name: string, content: string) =>
        `<${prefix}${name}>${content}</${prefix}${name}>`
      const fields = authentication.fields.map(({ name, value }) =>
        tag(name, render(value, values, escapes.xml, allowance)),
      )
      return tag(authentication.element, fields.join(''))
    })
    return { ...request, body }
  },
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }
