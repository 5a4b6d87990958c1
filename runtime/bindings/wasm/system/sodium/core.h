/* The part of libsodium that the runtime needs, where there is no libsodium: Debian has none for wasm32.
 * The functions are in blake2b.c. */
#ifndef ENT_WASM_SODIUM_CORE_H
#define ENT_WASM_SODIUM_CORE_H

int sodium_init(void);

#endif
