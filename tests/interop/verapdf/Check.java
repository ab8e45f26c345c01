import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Validates files as PDF/A-3b: a line for each, and one for each rule that is broken. */
public class Check {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        boolean all = true;
        for (String file : files) {
            all &= check(file);
        }
        System.exit(all ? 0 : 1);
    }

    private static boolean check(String file) throws Exception {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(file), PDFAFlavour.PDFA_3_B)) {
            PDFAValidator validator =
                Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_3_B, 20, false, false, false);
            ValidationResult result = validator.validate(parser);
            System.out.println(result.isCompliant() + " " + result.getTotalAssertions() + " " + file);
            for (TestAssertion found : result.getTestAssertions()) {
                System.out.println("  " + found.getRuleId().getClause() + " " + found.getMessage());
            }
            return result.isCompliant();
        }
    }
}
