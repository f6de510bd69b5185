/** `AWTY`: marks a database file as the kit's own. */
export const applicationId = 0x41575459
