import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The rule set: the first rule that knows the code of a wrap-up schedules a callback. */
final class Rules {
    record Rule(String ruleId, Set<String> codes, int offsetMinutes) {}

    final String ruleSetId;
    private final List<Rule> rules = new ArrayList<>();

    /** Read the record that the topic of rule sets holds, from a file. */
    Rules(File file, ObjectMapper mapper) throws IOException {
        JsonNode ruleSet = mapper.readTree(file);
        ruleSetId = ruleSet.get("rule_set_id").asText();
        for (JsonNode rule : ruleSet.get("rules")) {
            Set<String> codes = new HashSet<>();
            rule.get("conditions").get(0).get("codes").forEach(code -> codes.add(code.asText()));
            int offset = rule.get("actions").get(0).get("offset_minutes").asInt();
            rules.add(new Rule(rule.get("rule_id").asText(), codes, offset));
        }
    }

    /** The first rule that matches, or null. */
    Rule matching(String code) {
        for (Rule rule : rules) {
            if (rule.codes().contains(code)) {
                return rule;
            }
        }
        return null;
    }
}
