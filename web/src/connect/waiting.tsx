import { Button, Group, Text } from '@mantine/core'
import { Heading } from './heading.tsx'

/** While the customer is at the vendor; in a frame that opens no windows, with the way there. */
export function Waiting({
  name,
  link,
  onAgain,
}: {
  name: string
  link: string | undefined
  onAgain(): void
}) {
  return (
    <>
      <Heading isFirst={false}>{`Go on at ${name}`}</Heading>
      <Text role="status">
        Agree {link ? `at ${name}, in a window of its own` : `in the window of ${name}`}. This page
        goes on by itself.
      </Text>
      <Group>
        {link && (
          <Button component="a" href={link} target="_blank" rel="noreferrer">
            Open {name}
          </Button>
        )}
        <Button variant="default" onClick={onAgain}>
          Begin again
        </Button>
      </Group>
    </>
  )
}
