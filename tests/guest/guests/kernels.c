/* Four kernels of 10 ms and more: floating point, memory, integers, branches. No library, no imports. Each leaves its
   result in `result`, so that nothing is optimised away and both ways of running can be compared. */
typedef unsigned u32;
typedef unsigned char u8;

__attribute__((export_name("result"))) u32 result(void);
static u32 answer;
u32 result(void) { return answer; }

#define ENTRY(name) __attribute__((export_name(#name))) void name(void)

enum { side = 256 };
static double a[side][side], b[side][side], c[side][side];
ENTRY(matmul) {
  for (int i = 0; i < side; ++i)
    for (int k = 0; k < side; ++k) a[i][k] = i + k * 0.5, b[i][k] = i - k * 0.25, c[i][k] = 0;
  for (int i = 0; i < side; ++i)
    for (int k = 0; k < side; ++k)
      for (int j = 0; j < side; ++j) c[i][j] += a[i][k] * b[k][j];
  double sum = 0;
  for (int i = 0; i < side; ++i) sum += c[i][(i * 7) % side];
  answer = (u32)(long long)sum;
}

enum { numbers = 4000000 };
static u8 composite[numbers];
ENTRY(sieve) {
  u32 count = 0;
  for (u32 i = 2; i < numbers; ++i) {
    if (composite[i]) continue;
    ++count;
    for (unsigned long long k = (unsigned long long)i * i; k < numbers; k += i) composite[k] = 1;
  }
  answer = count;
}

static const u32 round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }
static void sha256_block(u32* h, const u8* p) {
  u32 w[64], s[8];
  for (int i = 0; i < 16; ++i) w[i] = (u32)p[i * 4] << 24 | (u32)p[i * 4 + 1] << 16 | (u32)p[i * 4 + 2] << 8 | p[i * 4 + 3];
  for (int i = 16; i < 64; ++i)
    w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  for (int i = 0; i < 8; ++i) s[i] = h[i];
  for (int i = 0; i < 64; ++i) {
    const u32 t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[i] + w[i];
    const u32 t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int k = 7; k > 0; --k) s[k] = s[k - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i) h[i] += s[i];
}
static u8 message[4 << 20];
ENTRY(sha256) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (u32 i = 0; i < sizeof message; ++i) message[i] = (u8)(i * 31 >> 3);
  for (u32 i = 0; i < sizeof message; i += 64) sha256_block(h, message + i);
  answer = h[0];
}

enum { items = 400000 };
static u32 list[items];
static void sift(u32 root, u32 end) {
  for (u32 child; (child = root * 2 + 1) < end; root = child) {
    if (child + 1 < end && list[child] < list[child + 1]) ++child;
    if (list[root] >= list[child]) return;
    const u32 t = list[root];
    list[root] = list[child];
    list[child] = t;
  }
}
ENTRY(sort) {
  u32 x = 2463534242;
  for (u32 i = 0; i < items; ++i) list[i] = x ^= x << 13, x ^= x >> 17, x ^= x << 5;
  for (u32 i = items / 2; i-- > 0;) sift(i, items);
  for (u32 end = items; end-- > 1;) {
    const u32 t = list[0];
    list[0] = list[end];
    list[end] = t;
    sift(0, end);
  }
  answer = list[items / 3];
}
