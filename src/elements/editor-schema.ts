import { FileDefinition, OwnDefinition } from '../definition/element.ts'

/** The JSON Schema of a definition, for editors: of a file of the catalogue, or of one's own. */
export const editorSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:latchkey:element-definition',
  title: 'Element',
  description:
    'The definition of a system that can be connected. Only files of the catalogue have an id.',
  ...OwnDefinition,
  properties: { ...OwnDefinition.properties, id: FileDefinition.properties.id },
}
