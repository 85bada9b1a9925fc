// Before any test: which services can be run in Docker. Tests look for a service in this order: a URL in the environment,
// Docker, a program on PATH. What is found here is told to the processes of the tests by the environment.
import { existsSync } from 'node:fs'

/** A service, the variable that names where it is already running, and its official image. */
const services = [
  { name: 'REDIS', url: 'TQ_TEST_REDIS_URL', official: 'redis:7.4-alpine' },
  { name: 'RABBITMQ', url: 'TQ_TEST_AMQP_URL', official: 'rabbitmq:4.2-alpine' },
] as const

type ServiceName = (typeof services)[number]['name']

const found = (name: ServiceName): string => `TQ_TEST_CONTAINER_${name}`

/** The image to run it from; undefined where Docker or the image is not to be had. */
export function imageOf(name: ServiceName): string | undefined {
  return process.env[found(name)] || undefined
}

/** `TQ_TEST_IMAGE_<NAME>` names another image, and `none` turns Docker off for it. */
export async function setup(): Promise<void> {
  const wanted = services.filter(
    ({ name, url }) => !process.env[url] && process.env[found(name)] === undefined,
  )
  if (wanted.length === 0) return
  const docker = process.env['DOCKER_HOST'] !== undefined || existsSync('/var/run/docker.sock')
  for (const { name, official } of wanted) {
    const image = process.env[`TQ_TEST_IMAGE_${name}`] ?? official
    process.env[found(name)] = docker && image !== 'none' && (await isThere(image)) ? image : ''
  }
}

async function isThere(image: string): Promise<boolean> {
  const { missingImage, removeLeftovers } = await import('./containers.ts')
  const reason = await missingImage(image)
  if (reason === undefined) {
    await removeLeftovers()
    return true
  }
  console.log(`no container from ${image}: ${reason}. A program on PATH is used instead`)
  return false
}
