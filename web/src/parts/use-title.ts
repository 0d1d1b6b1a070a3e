import { useDocumentTitle } from '@mantine/hooks'

/** Names the page in the browser's tab, in its history, and to screen readers. */
export function useTitle(title: string) {
  useDocumentTitle(`${title} · Latchkey`)
}
