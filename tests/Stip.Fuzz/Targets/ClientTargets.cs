using System.Text;
using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Templates;
using Stip.Client.Tokenization;
using Stip.Client.Tools;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Fuzz.Targets;

/// <summary>What the data owner's side reads of bundles that a developer made.</summary>
internal static class ClientTargets
{
    private const int MostTokenizerBytes = 40 << 10;

    private static readonly ChatMessage[] Conversation =
    [
        new("system", "Be brief."), new("user", "Tell me a fable."), new("assistant", "A crow …"),
        new("user", "More"),
    ];

    public static FuzzTarget TokenizerJson(string scratch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "tokenizer")).FullName;
        var path = Path.Combine(folder, "tokenizer.json");
        var seeds = Directory.EnumerateFiles(
                RepositoryRoot.At("tests", "data", "tokenizers"), "tokenizer.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(seed => seed.Length < MostTokenizerBytes);
        return new FuzzTarget("tokenizer-json", [.. seeds], input =>
        {
            File.WriteAllBytes(path, input);
            var tokenizer = TextTokenizer.FromFolder(folder);
            _ = tokenizer.Decode(tokenizer.Encode("The crow's  Äpfel\n12345 \u0001 \U0001F98A"));
        }, typeof(InvalidDataException));
    }

    public static FuzzTarget ChatTemplate()
    {
        string[] seeds =
        [
            "{% for m in messages %}<|{{ m.role }}|>\n{{ m['content'] | trim }}{{ eos_token }}{% endfor %}"
                + "{% if add_generation_prompt %}<|assistant|>{% endif %}",
            "{%- macro f(x, n=3) -%}{{ x[:n] ~ '…' }}{%- endmacro -%}{% set ns = namespace(k=0) %}"
                + "{% for i in range(9) if i % 2 %}{% set ns.k = ns.k + i * 2 ** 3 %}{{ f(messages[0].content) }}"
                + "{% endfor %}{{ ns.k // 3 | string | upper | replace('1', '2') }}"
                + "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join(', ') }}",
            "{% if tools is defined and tools %}{{ tools | tojson(indent=2) }}{% else %}{{ raise_exception('no') }}"
                + "{% endif %}",
        ];
        return new FuzzTarget("chat-template", [.. seeds.Select(Encoding.UTF8.GetBytes)], input =>
        {
            var template = Client.Templates.ChatTemplate.Parse(Encoding.UTF8.GetString(input), "<s>", "</s>");
            _ = template.Render(Conversation);
        }, typeof(ChatTemplateException));
    }

    public static FuzzTarget BundleJson(string scratch)
    {
        var folder = Path.Combine(scratch, "bundle");
        ToyBundle.Write(folder, new ToyModel());
        var path = Path.Combine(folder, "bundle.json");
        return new FuzzTarget("bundle-json", [File.ReadAllBytes(path)], input =>
        {
            File.WriteAllBytes(path, input);
            using var bundle = Bundle.Open(folder, allowUnprotected: true);
            _ = bundle.Embedding;
        }, typeof(BundleException));
    }

    /// <summary>What a model says, as whoever runs it lets it: any of the ways in which calls are written.</summary>
    public static FuzzTarget ToolCalls(string scratch)
    {
        var folder = Path.Combine(scratch, "agent");
        ToyBundle.Write(folder, new ToyModel());
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{{ tools }}{{ messages[0].content }}");
        var bundle = Bundle.Open(folder);
        using var list = JsonDocument.Parse("""
            [{"type":"function","function":{"name":"sum","parameters":{"type":"object"}}}]
            """);
        var tools = ToolUse.For(bundle, list.RootElement.Clone(), ToolChoice.Auto);
        string[] seeds =
        [
            "Let me see.\n<tool_call>\n{\"name\": \"sum\", \"arguments\": {\"a\": [1, \"\\u00e9\"]}}\n</tool_call> So.",
            "{\"name\": \"sum\", \"parameters\": {\"a\": 1.5e3}}",
            "[TOOL_CALLS] [{\"name\": \"sum\", \"arguments\": {}}, {\"name\": \"sum\", \"arguments\": {\"b\": null}}]",
            "<tool_call>\n<function=sum>\n<parameter=a>\n[1, {\"b\": \"x\"}]\n</parameter>\n</function>\n</tool_call>",
            "<tool_call>sum\n<arg_key>a</arg_key>\n<arg_value>-1e3</arg_value>\n</tool_call>",
            "[TOOL_CALLS]sum[CALL_ID]123456789[ARGS]{\"a\": 1}[TOOL_CALLS]sum[ARGS]{}",
            "[sum(a=[1, 'x\\'\\u00e9'], b={\"c\": None}), sum(d=-2.5)]",
        ];
        return new FuzzTarget("tool-calls", [.. seeds.Select(Encoding.UTF8.GetBytes)], input =>
        {
            var (reader, text) = (tools.CreateReader(), Encoding.UTF8.GetString(input));
            for (var at = 0; at < text.Length; at += 3)
            {
                var piece = text.Substring(at, Math.Min(3, text.Length - at));
                var reason = at + 3 < text.Length ? (FinishReason?)null : FinishReason.Stop;
                foreach (var call in reader.Append(new GeneratedToken(0, piece, reason), out _).Calls)
                {
                    JsonDocument.Parse(call.Arguments).Dispose();
                }
            }
        });
    }
}
