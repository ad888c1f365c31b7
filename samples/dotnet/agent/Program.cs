// An agent on a private model: Semantic Kernel calls functions of this machine when the model asks for them.
//
//     dotnet run --project samples/dotnet/agent -- http://127.0.0.1:11435/v1 MODEL "What do I wear in Oslo?"
//
// The address is that of `stip serve`. The model's chat template must have a place for tools (Qwen, Hermes, Llama 3.1,
// Mistral); others are refused by name. Functions run here, what they say goes into the next prompt, and the server
// behind the gateway sees permuted rows of all of it.
using System.ClientModel;
using System.ComponentModel;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;

if (args is not [var gateway, var model, { Length: > 0 } question])
{
    Console.Error.WriteLine("usage: GATEWAY_URL MODEL QUESTION");
    return 2;
}

var builder = Kernel.CreateBuilder();
builder.AddOpenAIChatCompletion(model, new Uri(gateway), apiKey: "unused");
var kernel = builder.Build();
kernel.ImportPluginFromFunctions("city", [KernelFunctionFactory.CreateFromMethod(
    ([Description("Name of the city.")] string city) =>
    {
        Console.WriteLine($"(asked here: the weather in {city})");
        return city == "Oslo" ? "cold" : "hot";
    },
    "weather",
    "How cold it is in a city.")]);
var settings = new OpenAIPromptExecutionSettings
{
    Temperature = 0,
    MaxTokens = 256,
    FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(),
};
try
{
    // Question, call, result, answer: the kernel goes round until the model asks for nothing more.
    var chat = kernel.GetRequiredService<IChatCompletionService>();
    var history = new ChatHistory();
    history.AddUserMessage(question);
    var answer = await chat.GetChatMessageContentAsync(history, settings, kernel);
    Console.WriteLine(answer.Content);
    return 0;
}
catch (Exception refusal) when (refusal is HttpOperationException or ClientResultException)
{
    Console.Error.WriteLine(refusal.Message);
    return 1;
}
