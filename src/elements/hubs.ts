interface Hub {
  name: string
  /** Dark enough for white letters on it. */
  color: string
}

const hubs = new Map<string, Hub>([
  ['accounting', { name: 'Accounting', color: '#1b6b5a' }],
  ['ai', { name: 'Artificial intelligence', color: '#4b3a8e' }],
  ['analytics', { name: 'Analytics', color: '#5b3a8e' }],
  ['collaboration', { name: 'Collaboration', color: '#7a3b69' }],
  ['crm', { name: 'CRM', color: '#1f5fa8' }],
  ['database', { name: 'Databases', color: '#47536b' }],
  ['developer', { name: 'Developers', color: '#3b4252' }],
  ['documents', { name: 'Documents', color: '#8a5a12' }],
  ['ecommerce', { name: 'E-commerce', color: '#2f7031' }],
  ['erp', { name: 'ERP', color: '#8c3b2a' }],
  ['finance', { name: 'Finance', color: '#1b6b5a' }],
  ['fulfilment', { name: 'Fulfilment', color: '#6b5a1b' }],
  ['general', { name: 'General', color: '#4a5568' }],
  ['helpdesk', { name: 'Help desk', color: '#a0402c' }],
  ['hr', { name: 'Human resources', color: '#8b3a62' }],
  ['identity', { name: 'Identity', color: '#2a5a8f' }],
  ['logistics', { name: 'Logistics', color: '#6b5a1b' }],
  ['marketing', { name: 'Marketing', color: '#b0316e' }],
  ['marketplace', { name: 'Marketplaces', color: '#9a4a0f' }],
  ['messaging', { name: 'Messaging', color: '#23677e' }],
  ['monitoring', { name: 'Monitoring', color: '#6b3a1b' }],
  ['payment', { name: 'Payment', color: '#3b4ba0' }],
  ['storage', { name: 'Storage', color: '#2a6f8f' }],
  ['warehouse', { name: 'Warehouses', color: '#6b5a1b' }],
])

/** What a hub is called, and its colour; one that nobody named goes by its key. */
export function hubOf(key: string): Hub {
  const known = hubs.get(key)
  if (known) return known
  const hue = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 0)
  return { name: key[0]!.toUpperCase() + key.slice(1), color: `hsl(${hue} 45% 32%)` }
}
