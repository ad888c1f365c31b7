// Semantic Kernel on a private model: only the address is another one.
//
//     dotnet run --project samples/dotnet/semantic-kernel -- http://127.0.0.1:11435/v1 stories "The Lion and the Mouse"
//
// The address is that of `stip serve` on this machine, which alone sees texts and keys; the server behind it gets
// permuted rows. A prompt function asks for each title and streams the answer; then the chat service is asked for the
// first again, with the conversation so far.
using System.ClientModel;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;

if (args is not [var gateway, var model, .. { Length: > 0 } titles])
{
    Console.Error.WriteLine("usage: GATEWAY_URL MODEL TITLE …");
    return 2;
}

var builder = Kernel.CreateBuilder();
builder.AddOpenAIChatCompletion(model, new Uri(gateway), apiKey: "unused");
var kernel = builder.Build();
var settings = new OpenAIPromptExecutionSettings { Temperature = 0, MaxTokens = 256 };
var history = new ChatHistory();
try
{
    var tell = kernel.CreateFunctionFromPrompt("Tell me the fable of {{$title}}.", settings);
    foreach (var title in titles)
    {
        var fable = string.Empty;
        await foreach (var part in kernel.InvokeStreamingAsync<string>(tell, new() { ["title"] = title }))
        {
            Console.Write(part);
            fable += part;
        }

        Console.WriteLine();
        history.AddUserMessage($"Tell me the fable of {title}.");
        history.AddAssistantMessage(fable);
    }

    history.AddUserMessage($"Tell me the fable of {titles[0]}.");
    var again = await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(history, settings);
    Console.WriteLine($"once more: {again.Content}");
    return 0;
}
catch (Exception refusal) when (refusal is HttpOperationException or ClientResultException)
{
    Console.Error.WriteLine(refusal.Message);
    return 1;
}
