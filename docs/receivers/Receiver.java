// Receives PlayVoice callbacks: java Receiver.java [HOST:PORT]. Needs a JDK 17 or newer, nothing else.
//
// PLAYVOICE_SECRET is the signing secret (whsec_...). A callback that is ours is put into the folder of
// PLAYVOICE_INBOX (default: inbox) and answered at once; what works on it reads the files there, in its own time, and
// leaves them for 30 days: by its file a callback is known that comes again.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import static java.nio.charset.StandardCharsets.UTF_8;

public class Receiver {
    static final byte[] KEY = Base64.getDecoder()
            .decode(System.getenv().getOrDefault("PLAYVOICE_SECRET", "").replaceFirst("^whsec_", ""));
    static final Path INBOX = Path.of(System.getenv().getOrDefault("PLAYVOICE_INBOX", "inbox"));
    static final long TOLERANCE = 300; // seconds: an older callback may be one that somebody recorded and sends again
    static final int MOST = 65_536; // octets of a body

    /** Tell whether the body was signed with our secret, and just now. */
    static boolean isOurs(String id, String timestamp, String signatures, byte[] body) throws GeneralSecurityException {
        if (!timestamp.matches("[0-9]{1,12}")
                || Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(timestamp)) > TOLERANCE) {
            return false;
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(UTF_8));
        byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(UTF_8);
        for (String signature : signatures.split(" ")) {
            if (MessageDigest.isEqual(expected, signature.getBytes(UTF_8))) {
                return true;
            }
        }
        return false;
    }

    /** Store a callback once, whole or not at all; a repeated one has the same webhook-id. */
    static void keep(String id, byte[] content) throws IOException {
        Path file = INBOX.resolve(id + ".json");
        if (!Files.exists(file)) {
            Path part = Files.createTempFile(INBOX, "." + id, "");
            Files.write(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    static int take(HttpExchange exchange) throws IOException, GeneralSecurityException {
        byte[] body = exchange.getRequestBody().readNBytes(MOST + 1);
        String id = header(exchange, "webhook-id");
        if (body.length > MOST) {
            return 413;
        }
        if (!id.matches("[A-Za-z0-9-]{1,100}")) {
            return 400;
        }
        if (!isOurs(id, header(exchange, "webhook-timestamp"), header(exchange, "webhook-signature"), body)) {
            return 401;
        }
        if (header(exchange, "content-type").startsWith("application/x-www-form-urlencoded")) {
            String form = new String(body, UTF_8); // callback_format = "form": one field
            body = URLDecoder.decode(form.substring("detail=".length()), UTF_8).getBytes(UTF_8);
        }
        keep(id, body);
        return 204;
    }

    static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    static void answer(HttpExchange exchange) throws IOException {
        int status = 500; // after which it comes again
        try {
            status = take(exchange);
        } catch (IOException | GeneralSecurityException | RuntimeException error) {
            System.err.println(error);
        }
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        if (KEY.length == 0) {
            System.err.println("PLAYVOICE_SECRET is not set");
            System.exit(1);
        }
        String address = arguments.length > 0 ? arguments[0] : "127.0.0.1:9000";
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon);
        System.setProperty("sun.net.httpserver.maxReqTime", "10"); // seconds that a request may take to come
        Files.createDirectories(INBOX);
        HttpServer server =
                HttpServer.create(new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1))), 0);
        server.createContext("/", Receiver::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening on http://" + host + ":" + server.getAddress().getPort() + "/");
    }
}
