using Mdm;
using Mdm.Output;

using var interruption = new Interruption();
return Tool.Run(args, ToolConsole.OfProcess(), interruption.Token);
