/** A request that cannot carry credentials of this type, whatever they are. */
export class Unsignable extends Error {}
