/** Version of the kit, as in package.json; a test keeps both equal. */
export const version = '0.1.0'
