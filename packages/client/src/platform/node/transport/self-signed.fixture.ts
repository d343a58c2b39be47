/** A certificate for `localhost` that nobody vouches for, made for these tests and used nowhere else. */
export const selfSigned: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXYR1DpHEgZjekp6l
pUCMtI7oXlaYqlyq1pKTD7lPinWhRANCAASlulzE6tmaJPTIGDN4/OiKdu1UOv6r
Oykd37j87QXLSC6gWaPUpjcRH5qFDm1J0sRPm45g30MGQs+BdzkAOAq1
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUFOeL/zTYWG9FLiVC5U85VnyY3l4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIzMTk0N1oYDzIxMjYxMDI5
MjMxOTQ3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASlulzE6tmaJPTIGDN4/OiKdu1UOv6rOykd37j87QXLSC6gWaPUpjcR
H5qFDm1J0sRPm45g30MGQs+BdzkAOAq1o2kwZzAdBgNVHQ4EFgQUCzmplJFYzk4V
DaRrTpHUqN4hT7QwHwYDVR0jBBgwFoAUCzmplJFYzk4VDaRrTpHUqN4hT7QwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgT9eQvfr7djHeWqYjDYcPfaJ7lAPY7zo7x00mXLs8ayQCIQDrt83nvN9s
Cw44a0VhWKx+O9mnQ5tyJ+LgdhsbbZ/K3Q==
-----END CERTIFICATE-----
`,
};
