// The server under TLS, with a certificate that the test makes.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/test_folder.hpp"
#include "serve/api_error.hpp"
#include "serve/http_server.hpp"
#include "serve/test_client.hpp"

namespace r1 {
namespace {

// Writes a certificate for localhost that signs itself, and its key.
void write_certificate(const std::filesystem::path& cert, const std::filesystem::path& key_file) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> x(X509_new(), X509_free);
  ASSERT_TRUE(key && x);
  X509_set_version(x.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600);
  X509_set_pubkey(x.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(x.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x.get(), name);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(x.get(), names, -1);
  X509_EXTENSION_free(names);
  ASSERT_GT(X509_sign(x.get(), key.get(), EVP_sha256()), 0);
  const std::unique_ptr<FILE, int (*)(FILE*)> cert_out(std::fopen(cert.c_str(), "w"), std::fclose);
  const std::unique_ptr<FILE, int (*)(FILE*)> key_out(std::fopen(key_file.c_str(), "w"), std::fclose);
  ASSERT_TRUE(PEM_write_X509(cert_out.get(), x.get()));
  ASSERT_TRUE(PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
}

class EchoHandler : public HttpHandler {
 public:
  std::unique_ptr<Reply> refuse(const HttpRequest&) override { return nullptr; }
  std::unique_ptr<Reply> answer(HttpRequest request, Wake) override {
    return whole_reply({.content_type = "text/plain"}, request.body);
  }
  std::unique_ptr<Reply> fault(int status, std::string_view code, std::string_view message) override {
    return reply_of({status, std::string(code), std::string(message)});
  }
  HttpFields fields_for(const HttpRequest&) override { return {}; }
  void finished(const HttpRequest&, int, i64, double) override {}
};

struct TlsServer {
  TlsServer() {
    write_certificate(folder.path() / "cert.pem", folder.path() / "key.pem");
    options.port = 0;
    options.tls_cert = folder.path() / "cert.pem";
    options.tls_key = folder.path() / "key.pem";
  }
  TestFolder folder;
  HttpOptions options;
  EchoHandler handler;
};

// Sends a request over TLS and reads until the server says its farewell, which `whole` tells.
std::string tls_ask(int port, const std::filesystem::path& trusted, std::string_view request, bool& whole) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_load_verify_locations(context.get(), trusted.c_str(), nullptr);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  TestClient client(port);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), client.socket());
  SSL_set1_host(ssl.get(), "localhost");
  whole = false;
  if (SSL_connect(ssl.get()) != 1) return "no handshake";
  for (size_t sent = 0; sent < request.size();) {
    const int n = SSL_write(ssl.get(), request.data() + sent, static_cast<int>(request.size() - sent));
    if (n <= 0) return "not sent";
    sent += static_cast<size_t>(n);
  }
  std::string answer;
  char bytes[65536];
  int n;
  while ((n = SSL_read(ssl.get(), bytes, sizeof(bytes))) > 0) answer.append(bytes, static_cast<size_t>(n));
  whole = SSL_get_error(ssl.get(), n) == SSL_ERROR_ZERO_RETURN;
  return answer;
}

TEST(Tls, RequestsAreAnsweredAndTheEndIsAnnounced) {
  TlsServer s;
  const auto started = HttpServer::start(s.options, s.handler);
  ASSERT_TRUE(started) << started.error().what;
  const std::string body(1 << 20, 'x');  // more than one record, and more than an I/O thread answers itself
  for (const std::string& text : {std::string("hello"), body}) {
    bool whole;
    const std::string answer =
        tls_ask((*started)->port(), s.options.tls_cert, post_text("/", text, "Connection: close\r\n"), whole);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK")) << answer.substr(0, 200);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + text));
    EXPECT_TRUE(whole);
  }
  TestClient plain((*started)->port());
  plain.send(get_text("/"));
  EXPECT_EQ(plain.read().status, 0);
}

TEST(Tls, WhatIsWrongWithTheFilesIsSaidAtTheStart) {
  TlsServer s;
  HttpOptions options = s.options;
  options.tls_cert = s.folder.path() / "none.pem";
  auto started = HttpServer::start(options, s.handler);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().what.find("none.pem"), std::string::npos) << started.error().what;
  options = s.options;
  write_certificate(s.folder.path() / "other.pem", s.folder.path() / "other_key.pem");
  options.tls_key = s.folder.path() / "other_key.pem";
  started = HttpServer::start(options, s.handler);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().what.find("other_key.pem"), std::string::npos) << started.error().what;
}

}  // namespace
}  // namespace r1
