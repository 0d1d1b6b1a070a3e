import { permissionsFor } from '../access/ownership.ts'

export const { requireVisible, requireOwner, requireSharing, notFound } = permissionsFor({
  one: 'certificate',
  many: 'certificates',
  notFound: 'certificate-not-found',
})
