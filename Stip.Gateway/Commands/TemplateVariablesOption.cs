using System.CommandLine;
using System.Text;
using System.Text.Json;
using Stip.Gateway.OpenAi;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>--chat-template-kwargs</c>: what the chat template reads beside the messages.</summary>
internal static class TemplateVariablesOption
{
    private const string Name = "--chat-template-kwargs";

    public static Option<string?> Create() => new(Name)
    {
        Description = """What else the chat template reads, as JSON: '{"enable_thinking": false}'.""",
    };

    /// <returns>Null where nothing is given.</returns>
    /// <exception cref="RefusedException">It is no JSON object of such names.</exception>
    public static IReadOnlyDictionary<string, JsonElement>? Read(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(text));
            BodyText.Judge(document.RootElement);
            return TemplateVariables.Read(document.RootElement.Clone(), Name);
        }
        catch (JsonException)
        {
            throw new RefusedException($"{Name} is not JSON: an object is, such as {{\"enable_thinking\": false}}");
        }
        catch (OpenAiException refusal)
        {
            throw new RefusedException(refusal.Message, refusal);
        }
    }
}
