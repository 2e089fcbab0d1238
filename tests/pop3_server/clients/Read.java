// A program that reads with Jakarta Mail, by STLS where TRUST is not empty: HOST PORT USER TRUST. It deletes the first.
import jakarta.mail.Flags;
import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.Store;
import jakarta.mail.UIDFolder;
import java.util.Properties;

public class Read {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        if (!arguments[3].isEmpty()) {
            properties.put("mail.pop3.starttls.enable", "true");
            properties.put("mail.pop3.starttls.required", "true");
            properties.put("mail.pop3.ssl.trust", arguments[3]);
        }
        Store store = Session.getInstance(properties).getStore("pop3");
        store.connect(arguments[0], Integer.parseInt(arguments[1]), arguments[2], "any password");
        com.sun.mail.pop3.POP3Folder folder = (com.sun.mail.pop3.POP3Folder) store.getFolder("INBOX");
        folder.open(Folder.READ_WRITE);
        for (Message message : folder.getMessages()) {
            String text = (String) message.getContent();
            System.out.println(folder.getUID(message) + " " + message.getSubject() + " " + text.length());
        }
        folder.getMessage(1).setFlag(Flags.Flag.DELETED, true);
        folder.close(true);
        store.close();
    }
}
