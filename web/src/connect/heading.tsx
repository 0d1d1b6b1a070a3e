import { Title } from '@mantine/core'
import { useEffect, useRef } from 'react'

/** What is to be done now; whoever listens hears it when it takes the place of another. */
export function Heading({ children, isFirst = true }: { children: string; isFirst?: boolean }) {
  const node = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = children
    if (!isFirst) node.current?.focus()
  }, [children, isFirst])
  return (
    <Title order={1} size="h2" ref={node} tabIndex={-1} style={{ outline: 'none' }}>
      {children}
    </Title>
  )
}
