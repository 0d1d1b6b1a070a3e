import {
  Alert,
  Anchor,
  Badge,
  type CSSVariablesResolver,
  createTheme,
  Input,
  Loader,
  type MantineColorsTuple,
  Modal,
  Notification,
  PasswordInput,
  Select,
  TagsInput,
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
  respectReducedMotion: true,
  components: {
    // Wide details scroll within it, instead of pushing its words out.
    Alert: Alert.extend({ styles: { body: { minWidth: 0 } } }),
    // Colour alone does not tell a link within a text (WCAG 2.2, 1.4.1).
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', tt: 'none' } }),
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
    // Who goes by with Tab does not ask for the list.
    Select: Select.extend({
      defaultProps: { openOnFocus: false, clearButtonProps: { 'aria-label': 'Clear' } },
    }),
    TagsInput: TagsInput.extend({ defaultProps: { clearButtonProps: { 'aria-label': 'Clear' } } }),
    // An example beside a fault would look as if it had been typed.
    Input: Input.extend({
      styles: { wrapper: { '--input-placeholder-color': 'var(--mantine-color-placeholder)' } },
    }),
    // A label without a role is not read.
    Loader: Loader.extend({ defaultProps: { role: 'status' } }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    }),
    PasswordInput: PasswordInput.extend({
      defaultProps: {
        visibilityToggleFocusable: true,
        visibilityToggleButtonProps: { 'aria-label': 'Show what is typed' },
      },
    }),
  },
})

/** Mantine's own dimmed text, and text on a tint, has less contrast than WCAG 2.2, 1.4.3 wants. */
export const variables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': `color-mix(in srgb, ${colors.gray[6]}, black 20%)`,
    '--mantine-color-error': colors.red[9],
    ...Object.fromEntries(
      Object.entries(colors).map(([name, shades]) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, ${shades[9]}, black 40%)`,
      ]),
    ),
  },
  dark: {
    '--mantine-color-dimmed': colors.dark[1],
    '--mantine-color-placeholder': `color-mix(in srgb, ${colors.dark[2]}, white 20%)`,
    '--mantine-color-error': colors.red[4],
  },
})
