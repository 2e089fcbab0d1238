// Makes the requests of Java's client of Mailpit (ch.martinelli.oss:testcontainers-mailpit), with the JDK's HTTP client
// as there: URL. Prints the name of each, the status, and the body in Base64. The server has two messages, and the
// newer one has HTML.
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class MailpitRequests {
    private static final Pattern ID = Pattern.compile("\"ID\":\\s*\"([^\"]+)\"");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static String url;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        send("page", get("/"));
        List<String> ids = list("getAllMessages");
        String newest = ids.get(0);
        String oldest = ids.get(1);
        send("getMessage", get("/api/v1/message/" + newest).header("Accept", "application/json"));
        send("getMessage unknown", get("/api/v1/message/no-such-id").header("Accept", "application/json"));
        send("getMessageHtml", get("/view/" + newest + ".html"));
        send("getMessageHtml of text", get("/view/" + oldest + ".html"));
        send("getMessagePlain", get("/view/" + newest + ".txt"));
        send("getMessagePlain of text", get("/view/" + oldest + ".txt"));
        send("getMessagePlain unknown", get("/view/no-such-id.txt"));
        send("getMessageSource", get("/api/v1/message/" + newest + "/raw"));
        send("getMessageSource unknown", get("/api/v1/message/no-such-id/raw"));
        list("getAllMessages read");
        delete("deleteMessages unknown", "{\"ids\":[\"no-such-id\"]}");
        list("getAllMessages undeleted");
        delete("deleteMessage", "{\"ids\":[\"" + oldest + "\"]}");
        list("getAllMessages left");
        send("deleteAllMessages", HttpRequest.newBuilder().uri(URI.create(url + "/api/v1/messages")).DELETE());
        list("getAllMessages none");
    }

    private static HttpRequest.Builder get(String path) {
        return HttpRequest.newBuilder().uri(URI.create(url + path)).GET();
    }

    private static List<String> list(String name) throws IOException, InterruptedException {
        String said = send(name, get("/api/v1/messages").header("Accept", "application/json"));
        List<String> ids = new ArrayList<>();
        Matcher matcher = ID.matcher(said);
        while (matcher.find()) {
            ids.add(matcher.group(1));
        }
        return ids;
    }

    private static void delete(String name, String body) throws IOException, InterruptedException {
        send(name, HttpRequest.newBuilder()
            .uri(URI.create(url + "/api/v1/messages"))
            .header("Content-Type", "application/json")
            .method("DELETE", BodyPublishers.ofString(body)));
    }

    private static String send(String name, HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());
        String body = Base64.getEncoder().encodeToString(response.body().getBytes("UTF-8"));
        System.out.println(name + "\t" + response.statusCode() + "\t" + body);
        return response.body();
    }
}
