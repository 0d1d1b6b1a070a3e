import { Image } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'

/** The picture of an element; of one's own, which the address alone does not show to everyone. */
export function ElementImage({ element, size }: { element: string; size: number }) {
  const [isRefused, setRefused] = useState(false)
  const own = useQuery({
    queryKey: ['elements', element, 'image'],
    enabled: isRefused,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const params = { path: { keyOrId: element } }
      const drawn = await dataOf(
        api.GET('/elements/{keyOrId}/image', { signal, params, parseAs: 'text' }),
      )
      return `data:image/svg+xml,${encodeURIComponent(drawn)}`
    },
  })
  return (
    <Image
      src={isRefused ? own.data : `/elements/${element}/image`}
      alt=""
      w={size}
      h={size}
      radius="sm"
      loading="lazy"
      onError={() => setRefused(true)}
    />
  )
}
