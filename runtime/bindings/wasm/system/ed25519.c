/* Checking Ed25519 signatures (RFC 8032) in portable C, for builds without libsodium.  It answers as libsodium does:
 * keys and points of small order, and figures that are written in another way than the shortest, are refused.
 * All that it works on is public, so nothing here hides how long it takes.
 * Tested by tests/unit/test_wasm_system.c against libsodium. */
#include <stdbool.h>
#include <string.h>

#include "sha512.h"
#include "sodium.h"

/* --- figures modulo p = 2^255 - 19, in limbs of 51 bits --- */

typedef struct fe {
    uint64_t v[5];
} fe;

__extension__ typedef unsigned __int128 u128;

static const uint64_t limb = (UINT64_C(1) << 51) - 1;

static void carry(fe *a)
{
    for (int i = 0; i < 5; i++) {
        uint64_t over = a->v[i] >> 51;
        a->v[i] &= limb;
        a->v[(i + 1) % 5] += i == 4 ? 19 * over : over;
    }
}

static fe add(fe a, fe b)
{
    for (int i = 0; i < 5; i++) {
        a.v[i] += b.v[i];
    }
    carry(&a);
    return a;
}

/* 4p is added first, so that no limb goes below zero. */
static fe sub(fe a, fe b)
{
    for (int i = 0; i < 5; i++) {
        a.v[i] += (i == 0 ? limb - 18 : limb) * 4 - b.v[i];
    }
    carry(&a);
    return a;
}

static fe mul(fe a, fe b)
{
    u128 t[5] = {0};
    fe r;
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 5; k++) {
            t[(i + k) % 5] += (u128)a.v[i] * (i + k < 5 ? b.v[k] : 19 * b.v[k]);
        }
    }
    for (int i = 0; i < 4; i++) {
        t[i + 1] += t[i] >> 51;
        r.v[i] = (uint64_t)t[i] & limb;
    }
    r.v[4] = (uint64_t)t[4] & limb;
    u128 low = r.v[0] + 19 * (t[4] >> 51);
    r.v[0] = (uint64_t)low & limb;
    r.v[1] += (uint64_t)(low >> 51);
    return r;
}

/* a to the power of 2^255 - 21 (the inverse) or 2^252 - 3: all bits are set but some of the lowest. */
static fe power(fe a, int bits, unsigned low)
{
    fe r = {{1}};
    for (int i = bits - 1; i >= 0; i--) {
        r = mul(r, r);
        if (i >= 5 || low >> i & 1) {
            r = mul(r, a);
        }
    }
    return r;
}

static fe inverse(fe a)
{
    return power(a, 255, 11);
}

static void fe_write(unsigned char out[32], fe a)
{
    carry(&a);
    carry(&a);
    uint64_t q = (a.v[0] + 19) >> 51; /* 1 when a is p or more */
    for (int i = 1; i < 5; i++) {
        q = (a.v[i] + q) >> 51;
    }
    a.v[0] += 19 * q;
    for (int i = 0; i < 4; i++) {
        a.v[i + 1] += a.v[i] >> 51;
        a.v[i] &= limb;
    }
    a.v[4] &= limb;
    for (int bit = 0; bit < 256; bit += 8) {
        uint64_t byte = a.v[bit / 51 < 5 ? bit / 51 : 4] >> (bit - (bit / 51 < 5 ? bit / 51 : 4) * 51);
        if (bit / 51 < 4 && bit % 51 > 43) {
            byte |= a.v[bit / 51 + 1] << (51 - bit % 51);
        }
        out[bit / 8] = (unsigned char)byte;
    }
}

static fe fe_read(const unsigned char in[32])
{
    fe r = {{0}};
    for (int bit = 0; bit < 255; bit++) {
        r.v[bit / 51] |= (uint64_t)(in[bit / 8] >> (bit % 8) & 1) << (bit % 51);
    }
    return r;
}

static bool equal(fe a, fe b)
{
    unsigned char x[32];
    unsigned char y[32];
    fe_write(x, a);
    fe_write(y, b);
    return memcmp(x, y, 32) == 0;
}

/* --- points of -x² + y² = 1 + d·x²·y², as X/Z, Y/Z and T = XY/Z --- */

typedef struct point {
    fe x, y, z, t;
} point;

static const unsigned char d_bytes[32] = {0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41,
                                          0x41, 0x4d, 0x0a, 0x70, 0x00, 0x98, 0xe8, 0x79, 0x77, 0x79, 0x40,
                                          0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52};
/* a square root of -1 */
static const unsigned char i_bytes[32] = {0xb0, 0xa0, 0x0e, 0x4a, 0x27, 0x1b, 0xee, 0xc4, 0x78, 0xe4, 0x2f,
                                          0xad, 0x06, 0x18, 0x43, 0x2f, 0xa7, 0xd7, 0xfb, 0x3d, 0x99, 0x00,
                                          0x4d, 0x2b, 0x0b, 0xdf, 0xc1, 0x4f, 0x80, 0x24, 0x83, 0x2b};
static const point nothing = {.y = {{1}}, .z = {{1}}};

static point point_add(const point *p, const point *q)
{
    fe d = fe_read(d_bytes);
    fe a = mul(sub(p->y, p->x), sub(q->y, q->x));
    fe b = mul(add(p->y, p->x), add(q->y, q->x));
    fe c = mul(mul(p->t, add(d, d)), q->t);
    fe e = mul(add(p->z, p->z), q->z);
    fe f = sub(b, a);
    fe g = sub(e, c);
    fe h = add(e, c);
    fe k = add(b, a);
    return (point){mul(f, g), mul(h, k), mul(g, h), mul(f, k)};
}

static point times(const unsigned char n[32], const point *p)
{
    point r = nothing;
    for (int bit = 255; bit >= 0; bit--) {
        r = point_add(&r, &r);
        if (n[bit / 8] >> (bit % 8) & 1) {
            r = point_add(&r, p);
        }
    }
    return r;
}

static bool is_small(point p)
{
    for (int i = 0; i < 3; i++) {
        p = point_add(&p, &p);
    }
    return equal(p.x, nothing.x) && equal(p.y, p.z);
}

static void point_write(unsigned char out[32], const point *p)
{
    unsigned char x[32];
    fe z = inverse(p->z);
    fe_write(x, mul(p->x, z));
    fe_write(out, mul(p->y, z));
    out[31] = (unsigned char)(out[31] | (x[0] & 1) << 7);
}

/* false: there is no such point, or its y is not written in the shortest way. */
static bool point_read(const unsigned char in[32], point *p)
{
    const fe one = {{1}};
    unsigned char again[32];
    unsigned char x_bytes[32];
    fe y = fe_read(in);
    fe_write(again, y);
    again[31] = (unsigned char)(again[31] | (in[31] & 0x80));
    if (memcmp(again, in, 32) != 0) {
        return false;
    }
    fe yy = mul(y, y);
    fe u = sub(yy, one);
    fe v = add(mul(fe_read(d_bytes), yy), one);
    fe v3 = mul(mul(v, v), v);
    fe x = mul(mul(u, v3), power(mul(u, mul(mul(v3, v3), v)), 252, 29));
    fe vxx = mul(v, mul(x, x));
    if (!equal(vxx, u)) {
        x = mul(x, fe_read(i_bytes));
        if (!equal(vxx, sub(nothing.x, u))) {
            return false;
        }
    }
    fe_write(x_bytes, x);
    if ((x_bytes[0] & 1) != in[31] >> 7) {
        x = sub(nothing.x, x);
    }
    *p = (point){x, y, one, mul(x, y)};
    return true;
}

/* --- figures modulo the order of the base point --- */

static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static bool below_order(const unsigned char n[32])
{
    for (int i = 31; i >= 0; i--) {
        if (n[i] != order[i]) {
            return n[i] < order[i];
        }
    }
    return false;
}

static void reduce(unsigned char out[32], const unsigned char in[64])
{
    memset(out, 0, 32);
    for (int bit = 511; bit >= 0; bit--) {
        unsigned over = (unsigned)in[bit / 8] >> (bit % 8) & 1u;
        for (int i = 0; i < 32; i++) {
            over |= (unsigned)out[i] << 1;
            out[i] = (unsigned char)over;
            over >>= 8;
        }
        if (!below_order(out)) {
            int lent = 0;
            for (int i = 0; i < 32; i++) {
                int rest = out[i] - order[i] - lent;
                lent = rest < 0;
                out[i] = (unsigned char)rest;
            }
        }
    }
}

/* R = S·B - h·A, where h is the hash of R, A and the message. */
int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long len,
                                const unsigned char *key)
{
    unsigned char base_bytes[32];
    unsigned char long_hash[ENT_SHA512_SIZE];
    unsigned char hash[32];
    unsigned char found[32];
    ent_sha512 sha;
    point a;
    point b;
    memset(base_bytes, 0x66, sizeof base_bytes);
    base_bytes[0] = 0x58;
    if (!below_order(signature + 32) || !point_read(key, &a) || is_small(a) || !point_read(base_bytes, &b)) {
        return -1;
    }
    ent_sha512_init(&sha);
    ent_sha512_update(&sha, signature, 32);
    ent_sha512_update(&sha, key, 32);
    ent_sha512_update(&sha, message, (size_t)len);
    ent_sha512_final(&sha, long_hash);
    reduce(hash, long_hash);
    a.x = sub(nothing.x, a.x);
    a.t = sub(nothing.x, a.t);
    point ha = times(hash, &a);
    point sb = times(signature + 32, &b);
    point r = point_add(&sb, &ha);
    point_write(found, &r);
    return !is_small(r) && memcmp(found, signature, 32) == 0 ? 0 : -1;
}
