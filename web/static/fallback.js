// SHA-256 and Ed25519 by hand, for browsers that have none of their own; to check and never to
// sign, so no secret is ever in it. FIPS 180-4 and RFC 8032, cofactorless, canonical points only.
const root = (n, k) => {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / k));
  for (;;) {
    const y = (BigInt(k - 1) * x + n / x ** BigInt(k - 1)) / BigInt(k);
    if (y >= x) return x;
    x = y;
  }
};

const primes = [];
for (let n = 2; primes.length < 80; n++) if (primes.every((p) => n % p)) primes.push(n);
const fraction = (n) => BigInt.asUintN(64, n);
const K = primes.map((p) => fraction(root(BigInt(p) << 192n, 3)));
const H = primes.slice(0, 8).map((p) => fraction(root(BigInt(p) << 128n, 2)));

const number = (bytes) => bytes.reduce((sum, one) => (sum << 8n) | BigInt(one), 0n);
const octets = (n, length) =>
  Uint8Array.from({ length }, (_, i) => Number((n >> BigInt(8 * (length - 1 - i))) & 255n));

function sha2(bytes, word, rounds, [a1, a2, a3, e1, e2, e3, s1, s2, s3, t1, t2, t3]) {
  const bits = BigInt(8 * word);
  const cut = (n) => BigInt.asUintN(8 * word, n);
  const turn = (n, by) => cut((n >> BigInt(by)) | (n << (bits - BigInt(by))));
  const block = 16 * word;
  const whole = Math.ceil((bytes.length + 1 + 2 * word) / block) * block;
  const padded = new Uint8Array(whole);
  padded.set(bytes);
  padded[bytes.length] = 128;
  padded.set(octets(BigInt(bytes.length * 8), 8), whole - 8);
  const high = (n) => n >> (64n - bits);
  let state = H.map(high);
  for (let at = 0; at < whole; at += block) {
    const w = Array.from({ length: 16 }, (_, i) =>
      number(padded.subarray(at + i * word, at + (i + 1) * word)),
    );
    for (let i = 16; i < rounds; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const small = turn(x, s1) ^ turn(x, s2) ^ (x >> BigInt(s3));
      w.push(cut(w[i - 16] + small + w[i - 7] + (turn(y, t1) ^ turn(y, t2) ^ (y >> BigInt(t3)))));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < rounds; i++) {
      const one = h + (turn(e, e1) ^ turn(e, e2) ^ turn(e, e3)) + ((e & f) ^ (cut(~e) & g)) + high(K[i]) + w[i];
      const two = (turn(a, a1) ^ turn(a, a2) ^ turn(a, a3)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, cut(d + one), c, b, a, cut(one + two)];
    }
    state = [a, b, c, d, e, f, g, h].map((one, i) => cut(one + state[i]));
  }
  return Uint8Array.from(state.flatMap((one) => [...octets(one, word)]));
}

export const sha256 = (bytes) => sha2(bytes, 4, 64, [2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10]);
const sha512 = (bytes) => sha2(bytes, 8, 80, [28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6]);

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (n) => ((n % P) + P) % P;
const power = (base, exponent) => {
  let found = 1n;
  for (let b = mod(base), e = exponent; e; e >>= 1n, b = mod(b * b)) if (e & 1n) found = mod(found * b);
  return found;
};
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT = power(2n, (P - 1n) / 4n);

function point(bytes) {
  const told = number(Array.from(bytes).reverse());
  const y = BigInt.asUintN(255, told);
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * v ** 3n * power(u * v ** 7n, (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT);
  const odd = told >> 255n;
  if (mod(v * x * x) !== u || (!x && odd)) return null;
  if ((x & 1n) !== odd) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * D * t2);
  const d = mod(2n * z1 * z2);
  return [(b - a) * (d - c), (d + c) * (b + a), (d - c) * (d + c), (b - a) * (b + a)].map(mod);
}

function times(n, one) {
  let found = [0n, 1n, 1n, 0n];
  for (let p = one; n; n >>= 1n, p = add(p, p)) if (n & 1n) found = add(found, p);
  return found;
}

const BASE = point(octets(mod(4n * power(5n, P - 2n)), 32).reverse());

export function ed25519(key, signature, message) {
  const [a, r] = [point(key), point(signature.subarray(0, 32))];
  const s = number(Array.from(signature.subarray(32)).reverse());
  if (!a || !r || signature.length !== 64 || s >= L) return false;
  const told = sha512(Uint8Array.from([...signature.subarray(0, 32), ...key, ...message]));
  const k = number(Array.from(told).reverse()) % L;
  const [left, right] = [times(s, BASE), add(r, times(k, a))];
  return mod(left[0] * right[2] - right[0] * left[2]) === 0n && mod(left[1] * right[2] - right[1] * left[2]) === 0n;
}
