using System.Text;
using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Gateway;
using Stip.Gateway.OpenAi;
using Stip.Gateway.OpenAi.Embeddings;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Responses;
using Stip.Gateway.OpenAi.Tools;
using Stip.Gateway.Serving;
using Stip.TestKit.Scripted;
using Stip.TestKit.Toys;

namespace Stip.Fuzz.Targets;

/// <summary>What the gateway reads of programs that speak OpenAI's HTTP, up to the token ids of the prompt.</summary>
internal static class GatewayTargets
{
    private const string Tool = """
        {"type":"function","function":{"name":"weather","description":"of a city","strict":true,"parameters":
        {"type":"object","properties":{"city":{"type":"string","maxLength":9},"days":{"anyOf":[{"type":"integer",
        "minimum":1},{"$ref":"#/$defs/d"}]}},"required":["city"],"additionalProperties":false,"$defs":{"d":
        {"enum":["a",1,null]}}}}}
        """;

    private static readonly string[] Chats =
    [
        """
        {"model":"toy","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text",
        "text":"Why?"}]},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather",
        "arguments":"{\"city\":\"Oslo\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"cold"}],"max_tokens":9,
        "temperature":0.5,"top_p":0.9,"seed":1,"stop":["a","b"],"n":2,"logit_bias":{"5":-3.5},"logprobs":true,
        "top_logprobs":3,"stream":true,"stream_options":{"include_usage":true},"presence_penalty":0.1,
        "parallel_tool_calls":false,"tool_choice":{"type":"function","function":{"name":"weather"}},"tools":[
        """ + Tool + "]}",
        """
        {"model":"toy","messages":[{"role":"user","content":"Why?"}],"response_format":{"type":"json_schema",
        "json_schema":{"name":"n","strict":true,"schema":{"type":"array","items":{"type":"object","properties":{"a":
        {"type":"number"},"b":{"const":"x"}},"required":["a","b"],"additionalProperties":false},"minItems":1,
        "maxItems":3}}}}
        """,
    ];

    private static readonly string[] Responses =
    [
        """
        {"model":"toy","instructions":"Be brief.","input":[{"role":"user","content":[{"type":"input_text","text":
        "Why?"}]},{"type":"function_call","call_id":"c1","name":"weather","arguments":"{}"},{"type":
        "function_call_output","call_id":"c1","output":"cold"}],"max_output_tokens":9,"stream":true,"text":{"format":
        {"type":"json_object"}},"tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}]}
        """,
        """{"model":"toy","input":"Why?","temperature":0,"store":false,"metadata":{"a":"b"}}""",
    ];

    public static FuzzTarget Chat(string scratch)
    {
        var models = Models(Path.Combine(scratch, "chat"));
        return Target("openai-chat", Chats, fields =>
        {
            var request = AnswerRequest.Read(fields, models, TimeProvider.System, null, LogprobsField.OfChat(fields));
            var tools = ToolFields.OfChat(fields, request.Model);
            _ = request.With(ResponseFormat.OfChat(fields)).Constrain(tools);
            Place(request, ChatMessages.Read(fields, request.Model) with { Tools = tools?.List });
        });
    }

    public static FuzzTarget Response(string scratch)
    {
        var models = Models(Path.Combine(scratch, "responses"));
        return Target("openai-responses", Responses, fields =>
        {
            ResponseFields.RefuseUnsupported(fields);
            var request = AnswerRequest.Read(fields, models, TimeProvider.System, null, null);
            var tools = ToolFields.OfResponse(fields, request.Model);
            _ = request.With(ResponseFormat.OfResponse(fields)).Constrain(tools);
            _ = fields.Integer("max_output_tokens", 1, int.MaxValue);
            Place(request, ResponseInput.Read(fields, request.Model) with { Tools = tools?.List });
        });
    }

    public static FuzzTarget Completion(string scratch)
    {
        var models = Models(Path.Combine(scratch, "completions"));
        string[] seeds =
        [
            """{"model":"toy","prompt":["Once","upon"],"max_tokens":3,"logprobs":2,"logit_bias":{"1":2},"best_of":1}""",
            """{"model":"toy","prompt":[[1,2],[3]],"stop":"x"}""",
        ];
        return Target("openai-completions", seeds, fields =>
        {
            var request = AnswerRequest.Read(fields, models, TimeProvider.System, 16, LogprobsField.OfText(fields))
                .With(ResponseFormat.OfChat(fields));
            _ = RawPrompts.Read(fields, request.Model).Count;
        });
    }

    public static FuzzTarget Embeddings() => Target(
        "openai-embeddings",
        ["""{"model":"m","input":["Why?","Ä"],"encoding_format":"base64","dimensions":4}""", """{"input":[1,2]}"""],
        fields =>
        {
            _ = fields.Text("model");
            _ = EmbeddingInput.Read(fields).Count;
            _ = EmbeddingInput.WantsBase64(fields);
            EmbeddingInput.RefuseOtherWidth(fields, 4);
        });

    private static void Place(AnswerRequest request, ChatPrompt chat) =>
        _ = chat.PlaceAsync(request.Model, CancellationToken.None).GetAwaiter().GetResult();

    // What the error handler would tell the caller is a refusal; all else would be a 500.
    private static FuzzTarget Target(string name, string[] seeds, Action<RequestFields> read) => new(
        name, [.. seeds.Select(Encoding.UTF8.GetBytes)], input =>
        {
            try
            {
                using var document = JsonDocument.Parse(input);
                read(AnswerRequest.Fields(document.RootElement));
            }
            catch (JsonException)
            {
                throw OpenAiException.Invalid("the body is not JSON", null);
            }
            catch (Exception fault) when (OpenAiException.From(fault) is { } refusal)
            {
                throw refusal;
            }
        }, typeof(OpenAiException));

    private static ServedModels Models(string folder)
    {
        ToyBundle.Write(folder, new ToyModel());
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json", "chat_template.jinja" })
        {
            var source = Path.Combine(AgentModel.Folder, name);
            if (File.Exists(source))
            {
                File.Copy(source, Path.Combine(folder, name), overwrite: true);
            }
        }

        var client = StipHttpClient.Connect(new Uri("http://127.0.0.1:1"), "unused");
        return new ServedModels([new StipModel(Bundle.Open(folder), client)], DateTimeOffset.UnixEpoch);
    }
}
