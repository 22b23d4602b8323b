import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Publishes messages to the intake as a careful sender does.
 *
 * <pre>DETAINER_BROKER_URL=amqp://… java -cp LIBRARIES deploy/clients/Publish.java [--key FILE] FILE…</pre>
 *
 * <p>The files are JSON Lines; - is standard input. Each message is persistent and mandatory and waits for the broker's
 * confirm; its message id is the id in its body, so that what is sent twice counts once. On a lost connection, a refusal
 * or a return it waits and tries again, with the same id and the same bytes. With --key (made by {@code detainer intake
 * keygen}) it signs what it sends.
 *
 * <p>Needs Java 15 or later and Debian's librabbitmq-client-java; LIBRARIES is
 * {@code /usr/share/java/amqp-client.jar:/usr/share/java/slf4j-api.jar}.
 */
public final class Publish {
    /** The first wait, doubled each time up to the longest: a broker that comes back is not met by all senders at once. */
    private static final long FIRST_WAIT_MILLISECONDS = 500;
    private static final long LONGEST_WAIT_MILLISECONDS = 30_000;
    /** After some ten minutes a person should look. */
    private static final int ATTEMPTS = 25;
    /** The broker confirms in milliseconds; it is busy or gone when that long nothing comes. */
    private static final long PATIENCE_MILLISECONDS = 30_000;

    /** Enough for a sample; a program that makes messages knows their ids, and one that reads them has a JSON library. */
    private static final Pattern SCHEMA = Pattern.compile("\"schema\"\\s*:\\s*\"([^\"]*)\"");
    private static final Pattern RECORD_ID = Pattern.compile("\"recordId\"\\s*:\\s*\"([^\"]*)\"");
    private static final Pattern REQUEST_ID = Pattern.compile("\"requestId\"\\s*:\\s*\"([^\"]*)\"");

    private final ConnectionFactory factory = new ConnectionFactory();
    private final String exchange;
    private final AtomicBoolean isReturned = new AtomicBoolean();
    private Connection connection;
    private Channel channel;

    private Publish(String url, String exchange) throws Exception {
        factory.setUri(url);
        // It opens anew itself, so that no message falls between two connections.
        factory.setAutomaticRecoveryEnabled(false);
        this.exchange = exchange;
    }

    /** Signs with Ed25519 over the body, byte for byte. */
    private record Signer(String id, PrivateKey key) {
        static Signer read(String path) throws IOException, GeneralSecurityException {
            String[] words = Files.readString(Path.of(path)).strip().split("\\s+");
            if (words.length != 3 || !words[0].equals("detainer-publisher-key/1")) {
                throw new IOException(path + ": is no publisher's key");
            }
            byte[] seed = Base64.getDecoder().decode(words[2]);
            var specification = new EdECPrivateKeySpec(NamedParameterSpec.ED25519, seed);
            return new Signer(words[1], KeyFactory.getInstance("Ed25519").generatePrivate(specification));
        }

        Map<String, Object> headers(byte[] body) throws GeneralSecurityException {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(key);
            signature.update(body);
            Map<String, Object> headers = new HashMap<>();
            headers.put("detainer-signature-key", id);
            headers.put("detainer-signature", Base64.getEncoder().encodeToString(signature.sign()));
            return headers;
        }
    }

    private static String find(Pattern pattern, String text) throws IOException {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IOException("a message has no id or no schema");
        }
        return matcher.group(1);
    }

    private static AMQP.BasicProperties properties(String text, byte[] body, Signer signer) throws Exception {
        String schema = find(SCHEMA, text);
        return new AMQP.BasicProperties.Builder()
                .contentType("application/json")
                .deliveryMode(2)
                .messageId(find(schema.startsWith("detainer.record/") ? RECORD_ID : REQUEST_ID, text))
                .type(schema)
                .headers(signer == null ? null : signer.headers(body))
                .build();
    }

    private void open() throws IOException, TimeoutException {
        if (channel != null && channel.isOpen()) {
            return;
        }
        close();
        connection = factory.newConnection("publish");
        channel = connection.createChannel();
        channel.confirmSelect();
        channel.addReturnListener(returned -> isReturned.set(true));
    }

    private void close() {
        if (connection != null) {
            connection.abort();
        }
        connection = null;
        channel = null;
    }

    /** Returns when the broker has it in a queue. */
    private void publish(AMQP.BasicProperties properties, byte[] body) throws Exception {
        long wait = FIRST_WAIT_MILLISECONDS;
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            String problem;
            try {
                open();
                isReturned.set(false);
                channel.basicPublish(exchange, "request", true, properties, body);
                // A return comes before its confirm.
                if (channel.waitForConfirms(PATIENCE_MILLISECONDS) && !isReturned.get()) {
                    return;
                }
                problem = isReturned.get() ? "it was returned: no queue takes it" : "the broker did not take it";
            } catch (IOException | TimeoutException | com.rabbitmq.client.ShutdownSignalException error) {
                problem = error.getClass().getSimpleName();
                close();
            }
            // The body may name a person: only its id is told.
            System.err.println(properties.getMessageId() + ": " + problem + ", tried " + attempt + " times");
            Thread.sleep(ThreadLocalRandom.current().nextLong(wait / 2, wait));
            wait = Math.min(LONGEST_WAIT_MILLISECONDS, wait * 2);
        }
        throw new IOException(properties.getMessageId() + ": given up; run this again, what was sent counts once");
    }

    private static String setting(String name, String usual) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? usual : value;
    }

    private static BufferedReader reader(String path) throws IOException {
        return path.equals("-")
                ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                : Files.newBufferedReader(Path.of(path));
    }

    public static void main(String[] arguments) throws Exception {
        List<String> files = new ArrayList<>(List.of(arguments));
        Signer signer = null;
        if (files.size() > 1 && files.get(0).equals("--key")) {
            signer = Signer.read(files.get(1));
            files = files.subList(2, files.size());
        }
        Publish publisher = new Publish(
                setting("DETAINER_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/"),
                setting("DETAINER_TOPOLOGY_INTAKE_EXCHANGE", "detainer.intake"));
        int count = 0;
        for (String path : files) {
            try (BufferedReader lines = reader(path)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String text = line.strip();
                    if (text.isEmpty()) {
                        continue;
                    }
                    byte[] body = text.getBytes(StandardCharsets.UTF_8);
                    publisher.publish(properties(text, body, signer), body);
                    count++;
                }
            }
        }
        publisher.close();
        System.out.println(count + " confirmed");
    }
}
