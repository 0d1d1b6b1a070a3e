import {
  type CSSVariablesResolver,
  createTheme,
  Loader,
  type MantineColorsTuple,
  Notification,
} from '@mantine/core'

const brand: MantineColorsTuple = [
  '#eef7f6',
  '#dcebe9',
  '#b3d7d3',
  '#87c2bc',
  '#63b0a8',
  '#4da59c',
  '#2f7f78',
  '#276c66',
  '#1f5f5b',
  '#0d514c',
]

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 6 },
  colors: { brand },
  defaultRadius: 'md',
  cursorType: 'pointer',
  components: {
    // A label without a role is not read.
    Loader: Loader.extend({ defaultProps: { role: 'status' } }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
    }),
  },
})

/** Mantine's own dimmed text, and text on a tint, has less contrast than WCAG 2.2, 1.4.3 wants. */
export const variables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    ...Object.fromEntries(
      Object.entries(colors).map(([name, shades]) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, ${shades[9]}, black 25%)`,
      ]),
    ),
  },
  dark: {},
})
