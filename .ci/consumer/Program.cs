// Somebody's console program on the package Stip.Client: Consumer BUNDLE ENDPOINT KEY.
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client.Chat;

await using var services = new ServiceCollection()
    .AddStip(new StipOptions { Bundle = args[0], Endpoint = new Uri(args[1]), ApiKey = args[2] })
    .BuildServiceProvider();
var chat = services.GetRequiredService<IChatClient>();
var answer = await chat.GetResponseAsync(
    "Tell me the fable of The Fox and the Crow.", new ChatOptions { Temperature = 0, MaxOutputTokens = 24 });
Console.WriteLine(answer.Text);
