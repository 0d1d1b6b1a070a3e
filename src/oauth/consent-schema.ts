import { type Static, Type } from 'typebox'

const ConsentPage = Type.Object(
  {
    element: Type.String({ description: 'Its key' }),
    oauthUrl: Type.String({ description: "The vendor's page, for somebody's browser" }),
    state: Type.String({ description: 'What the redirect has to carry back; it is good once' }),
    expiresAt: Type.String({ format: 'date-time', description: 'When the state does' }),
  },
  {
    $id: 'ConsentPage',
    description: "The address of a vendor's page of consent",
    examples: [
      {
        element: 'acmecrm',
        oauthUrl:
          'https://login.acme.example/oauth/authorize?response_type=code&client_id=b2f1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&state=lks_1_…',
        state: 'lks_1_…',
        expiresAt: '2026-03-01T12:10:00.000Z',
      },
    ],
  },
)

const RequestTokenAnswer = Type.Object(
  {
    token: Type.String({ description: 'Comes back as `oauth_token`' }),
    secret: Type.String({
      description: 'For the `providerData` of a client that sends it; it is known here, too',
    }),
  },
  { $id: 'RequestToken', description: 'What somebody can consent to (RFC 5849, section 2.1)' },
)

export const authorizationModels = [ConsentPage, RequestTokenAnswer]

export type ConsentPage = Static<typeof ConsentPage>
export type RequestTokenAnswer = Static<typeof RequestTokenAnswer>
